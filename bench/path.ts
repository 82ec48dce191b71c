/**
 * How long the way of a warm call is: the files of ours that it runs through, and the calls on the stack
 * where its statement leaves the house. And how many lines there are in all.
 */
import { Session } from "node:inspector";
import { Socket } from "node:net";
import type { Services } from "../lib/services.ts";
import { createHandler } from "../routes/handler.ts";
import { printTable } from "./table.ts";
import { targetOf, type Workload } from "./throughput.ts";
import { fill } from "./load.ts";

const ROOT = new URL("../", import.meta.url).href;
const WARM_UP = 20;

/** The way of one call. */
export interface Path {
  /** Files of ours in which anything ran, from the root. */
  readonly files: readonly string[];
  /** Functions of ours on the stack, the innermost first. */
  readonly frames: readonly string[];
}

type Coverage = { readonly url: string; readonly functions: { ranges: { count: number }[] }[] }[];

const isOurs = (url: string) => url.startsWith(ROOT) && !/\/(node_modules|bench)\//.test(url);

/** Counts what runs, by V8's own coverage. */
async function filesOf(call: () => Promise<void>): Promise<string[]> {
  const session = new Session();
  session.connect();
  const ask = (method: string, params: object = {}) =>
    new Promise<{ result: Coverage }>((resolve, reject) =>
      session.post(
        method,
        params,
        (error, answer) => error ? reject(error) : resolve(answer as { result: Coverage }),
      )
    );
  try {
    await ask("Profiler.enable");
    await ask("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await call();
    const { result } = await ask("Profiler.takePreciseCoverage");
    return result.filter(({ url, functions }) =>
      isOurs(url) && functions.some(({ ranges }) => ranges[0]!.count > 0)
    ).map(({ url }) => url.slice(ROOT.length)).sort();
  } finally {
    session.disconnect();
  }
}

interface Writable {
  write(...args: unknown[]): unknown;
}

/** What all of Deno's own connections share; no name leads to it. */
async function connPrototype(): Promise<unknown> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  let shared: object = conn;
  while (!Object.hasOwn(shared, "write")) shared = Object.getPrototypeOf(shared);
  return shared;
}

/** The deepest stack that was looked at. */
class Deepest {
  frames: string[] = [];

  look(): void {
    const frames = new Error().stack!.split("\n").map((line) => line.trim())
      .filter((line) => line.includes(ROOT) && !/\/(node_modules|bench)\//.test(line))
      .map((line) => line.replace(ROOT, ""));
    if (frames.length > this.frames.length) this.frames = frames;
  }
}

/** Looks at the stack whenever something is written to a socket. */
async function lookAtWrites(deepest: Deepest, call: () => Promise<void>): Promise<void> {
  const connections = [Socket.prototype, await connPrototype()] as unknown as Writable[];
  const originals = connections.map(({ write }) => write);
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  connections.forEach((connection, i) => {
    connection.write = function (...args) {
      deepest.look();
      return originals[i]!.apply(this, args);
    };
  });
  try {
    await call();
  } finally {
    connections.forEach((connection, i) => connection.write = originals[i]!);
    Error.stackTraceLimit = limit;
  }
}

/** Follows one warm call of a workload through a handler in this process. */
export async function pathOf(
  services: Services,
  mcpUrl: string,
  token: string,
  { ours }: Workload,
): Promise<Path> {
  const deepest = new Deepest();
  // A driver may write in a turn of its own: then the stack ends where it is given the statement.
  const lease: typeof services.pools.lease = (...args) => {
    deepest.look();
    return services.pools.lease(...args);
  };
  const handler = await createHandler({ ...services, pools: { ...services.pools, lease } });
  const target = targetOf({ pid: 0, url: mcpUrl, token }, ours.tool, ours.arguments);
  const call = async () => {
    const body = fill(target.body, { n: 1, id: 1234, min: 100, day: 15 });
    const headers = { ...target.headers, "content-length": String(body.length) };
    const request = new Request(target.url, { method: "POST", headers, body });
    const response = await handler.answer(request, "127.0.0.1");
    const text = await response.text();
    if (response.status !== 200 || text.includes('"isError":true')) throw new Error(text);
  };
  try {
    for (let i = 0; i < WARM_UP; i++) await call();
    const files = await filesOf(call);
    await lookAtWrites(deepest, call);
    return { files, frames: deepest.frames };
  } finally {
    handler.close();
  }
}

async function linesUnder(folder: URL): Promise<number> {
  let lines = 0;
  for await (const entry of Deno.readDir(folder)) {
    const path = new URL(entry.name, folder);
    if (entry.isDirectory) lines += await linesUnder(new URL(`${path}/`));
    else if (/\.tsx?$/.test(entry.name) && !/_test\.tsx?$/.test(entry.name)) {
      lines += (await Deno.readTextFile(path)).split("\n").length - 1;
    }
  }
  return lines;
}

/** Lines of the product's code, without tests. */
export async function countLines(): Promise<number> {
  const folders = ["lib/", "routes/", "islands/"];
  const counts = await Promise.all(folders.map((name) => linesUnder(new URL(name, ROOT))));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Measures and prints. */
export async function measurePath(
  services: Services,
  mcpUrl: string,
  token: string,
  workloads: readonly Workload[],
): Promise<void> {
  const rows: string[][] = [];
  for (const workload of workloads) {
    const { files, frames } = await pathOf(services, mcpUrl, token, workload);
    rows.push([workload.ours.tool, String(files.length), String(frames.length)]);
  }
  printTable(["warm call", "files", "frames"], rows);
  console.log(`${await countLines()} lines in lib, routes and islands, without tests\n`);
}
