import { type Config, defaultBaseUrl } from "../config.ts";
import { type Arguments } from "../launch/mod.ts";
import type { Log } from "../log.ts";
import { StartupError } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { announce } from "./announce.ts";
import { boot } from "./boot.ts";
import type { ProgressDisplay } from "./display.ts";
import { serveJobs } from "./jobs.ts";
import { type Handler, listen } from "./listen.ts";
import { requireAddress } from "./sign_in.ts";

/** What `main.ts` hands to the start. */
export interface RunInput {
  readonly config: Config;
  readonly args: Arguments;
  /** The checkout. */
  readonly root: URL;
  /** Standard output: what a program may read. */
  readonly print: (line: string) => void;
  /** Standard error: what people read. */
  readonly display: ProgressDisplay;
  readonly log: Log;
  /** Where the log goes; null: to standard error. */
  readonly logFile: string | null;
  /** Asks a person yes or no; null where there is nobody. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  /** Builds what answers requests. */
  readonly createHandler: (services: Services) => Promise<Handler>;
  /** Aborted by Ctrl-C or a stop of the service: everything ends in order. */
  readonly stop: AbortSignal;
  /** Aborted by a later one: Postgres ends at once. */
  readonly hurry: AbortSignal;
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/**
 * Starts everything, serves until the signal, and closes everything in order.
 *
 * @throws StartupError in words for the operator.
 */
export async function run(input: RunInput): Promise<void> {
  const { config, args, display, log, stop } = input;
  const say = display.finish;
  for (const file of args.files) {
    const info = await Deno.stat(file).catch(() => null);
    if (!info?.isFile) throw new StartupError(`There is no file ${file}.`);
  }
  requireAddress(args.signIn);
  await using closing = new AsyncDisposableStack();
  const listener = listen(config.host, config.port);
  closing.defer(() => listener.close());
  const baseUrl = config.baseUrl ?? defaultBaseUrl(config.host, listener.port);
  const booted = await boot({
    config,
    root: input.root,
    baseUrl,
    say,
    progress: display.update,
    log,
    stop,
    hurry: input.hurry,
  });
  closing.defer(() => booted.close());
  const jobs = await serveJobs(booted.services);
  closing.defer(() => jobs.stop());
  listener.serve(await input.createHandler(booted.services));
  // Closed first: what is being answered still needs all of the above.
  closing.defer(() => {
    say("Stopping …");
    return listener.close();
  });
  await announce(input, booted.services);
  await Promise.race([aborted(stop), booted.databaseEnded]);
  if (!stop.aborted) throw new StartupError("The database has ended, and so the server stops.");
}
