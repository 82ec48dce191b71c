/** Putting the parts together: what `main.ts` and the tests start. */
export { readArguments, USAGE } from "./arguments.ts";
export { progressDisplay } from "./display.ts";
export { serveJobs } from "./jobs.ts";
export type { Handler } from "./listen.ts";
export { run } from "./run.ts";
export { type OpenInput, type OpenServices, openServices } from "./services.ts";
export { isStrayWrite, StartupError } from "../postgres/mod.ts";
