import { type Config, defaultBaseUrl } from "../config.ts";
import { createLog } from "../log.ts";
import type { Services } from "../services.ts";
import { clientSnippets } from "../snippets.ts";
import type { Arguments } from "./arguments.ts";
import { boot } from "./boot.ts";
import { serveJobs } from "./jobs.ts";
import { type Handler, listen } from "./listen.ts";
import { type ProgressDisplay, type Quickstart, quickstart } from "./quickstart.ts";

/** What `main.ts` hands to the start. */
export interface RunInput {
  readonly config: Config;
  readonly args: Arguments;
  /** The checkout. */
  readonly root: URL;
  /** Standard output: what a program may read. */
  readonly print: (line: string) => void;
  /** Standard error: what people read, and the log. */
  readonly say: (line: string) => void;
  readonly display: ProgressDisplay;
  /** Builds what answers requests. */
  readonly createHandler: (services: Services) => Promise<Handler>;
  /** Aborted by Ctrl-C or a stop of the service. */
  readonly signal: AbortSignal;
}

function told(result: Quickstart): string[] {
  const lines = [
    "",
    `MCP URL:  ${result.mcpUrl}`,
    `Token:    ${result.token}`,
    `Sign in:  ${result.signInUrl}  (works once, for 15 minutes)`,
  ];
  const input = { name: result.slug, mcpUrl: result.mcpUrl.href, token: result.token };
  for (const snippet of clientSnippets(input)) {
    lines.push("", `${snippet.client}, ${snippet.where}:`, "", snippet.text);
  }
  return [...lines, ""];
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

async function announce(input: RunInput, services: Services): Promise<void> {
  const { args, say } = input;
  const url = services.baseUrl.origin;
  if (args.files.length) {
    const result = await quickstart(services, args.files, input.display, input.signal);
    if (!args.json) return told(result).forEach(input.print);
    const { mcpUrl, token, signInUrl } = result;
    input.print(
      JSON.stringify({ url, mcp_url: mcpUrl.href, token, sign_in_url: signInUrl.href }),
    );
  } else if (args.json) {
    input.print(JSON.stringify({ url, mcp_url: null, token: null, sign_in_url: null }));
  } else {
    say(`Open ${url} to sign in or make an account. Ctrl-C stops.`);
  }
}

/** Starts everything, serves until the signal, and closes everything in order. */
export async function run(input: RunInput): Promise<void> {
  const { config, args, say, signal } = input;
  for (const file of args.files) {
    const info = await Deno.stat(file).catch(() => null);
    if (!info?.isFile) throw new Error(`There is no file ${file}.`);
  }
  await using closing = new AsyncDisposableStack();
  const listener = listen(config.host, config.port);
  closing.defer(() => listener.close());
  const baseUrl = config.baseUrl ?? defaultBaseUrl(config.host, listener.port);
  const log = createLog(say);
  const booted = await boot({ config, root: input.root, baseUrl, say, log, signal });
  closing.defer(() => booted.close());
  const jobs = await serveJobs(booted.services);
  closing.defer(() => jobs.stop());
  listener.serve(await input.createHandler(booted.services));
  // Closed first: what is being answered still needs all of the above.
  closing.defer(() => {
    say("Stopping …");
    return listener.close();
  });
  say(`Bulkhead serves on ${baseUrl.origin}`);
  await announce(input, booted.services);
  await Promise.race([aborted(signal), booted.databaseEnded]);
  if (!signal.aborted) throw new Error("The database has ended, and so the server stops.");
}
