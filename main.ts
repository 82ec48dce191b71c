import { ConfigError, readConfig } from "./lib/config.ts";
import {
  isStrayWrite,
  progressDisplay,
  readArguments,
  run,
  StartupError,
  USAGE,
} from "./lib/start/mod.ts";
import { createHandler } from "./routes/handler.ts";

const say = (line: string) => console.error(line);

/** Reads environment and command line, starts, and answers the exit code. */
async function main(): Promise<number> {
  const abort = new AbortController();
  const onSignal = () => {
    // A second Ctrl-C while stopping leaves at once; Postgres outlives it, and the next start clears up.
    if (abort.signal.aborted) Deno.exit(130);
    abort.abort(new DOMException("stopped by a signal", "AbortError"));
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  // One connection that is closed must not end the process for all.
  globalThis.addEventListener("error", (event) => {
    if (isStrayWrite(event.error)) event.preventDefault();
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (isStrayWrite(event.reason)) event.preventDefault();
  });
  try {
    const args = readArguments(Deno.args);
    if (args.help) {
      console.log(USAGE);
      return 0;
    }
    await run({
      config: readConfig(Deno.env.toObject()),
      args,
      root: new URL("./", import.meta.url),
      print: (line) => console.log(line),
      say,
      display: progressDisplay(Deno.stderr),
      createHandler,
      signal: abort.signal,
    });
    return 0;
  } catch (error) {
    if (abort.signal.aborted) return 0;
    const plain = error instanceof ConfigError || error instanceof StartupError ||
      (error instanceof Error && !(error instanceof TypeError));
    say(plain ? error.message : String(error));
    if (error instanceof Error && error.cause) say(`Cause: ${error.cause}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
