/** Putting the parts together: what `main.ts` and the tests start. */
export { askPerson } from "./ask.ts";
export { progressDisplay } from "./display.ts";
export { serveJobs } from "./jobs.ts";
export type { Handler } from "./listen.ts";
export { openLogSink } from "./log_sink.ts";
export { run } from "./run.ts";
export { type OpenInput, type OpenServices, openServices } from "./services.ts";
export { listenForSignals } from "./signals.ts";
export { StartupError } from "../postgres/mod.ts";
