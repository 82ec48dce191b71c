import { fill, isError, type LoadDriver, type LoadResult, type Target } from "./load.ts";
import { cpuSeconds, median } from "./measure.ts";
import { againstAim, printTable } from "./table.ts";

/** One question that both sides are asked. */
export interface Workload {
  readonly name: string;
  readonly ours: { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> };
  readonly floor: Readonly<Record<string, unknown>>;
  /** Share of the floor's answers a second that is aimed at, with 32 connections. */
  readonly aim: number | null;
  /** What both must say of it, so that they do the same work; read from either's rows. */
  readonly same: (structured: Record<string, unknown>) => string;
}

/** A process and where it listens. */
export interface Side {
  readonly pid: number;
  readonly url: string;
  /** Bearer token; null for none. */
  readonly token: string | null;
}

/** How long and how often. */
export interface Rounds {
  readonly seconds: number;
  readonly repetitions: number;
  readonly connections: readonly number[];
}

const PROTOCOL = "2026-07-28";
const WARM_UP_SECONDS = 2;
const SAMPLE = { n: 1, id: 1234, min: 100, day: 15 };

/** The request of a workload to a side. */
export function targetOf(side: Side, tool: string, args: unknown): Target {
  const params = {
    name: tool,
    arguments: args,
    _meta: {
      "io.modelcontextprotocol/protocolVersion": PROTOCOL,
      "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  };
  return {
    url: side.url,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": PROTOCOL,
      "mcp-method": "tools/call",
      "mcp-name": tool,
      ...(side.token ? { authorization: `Bearer ${side.token}` } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: "{{n}}", method: "tools/call", params }),
  };
}

/** Asks once with fixed numbers; throws where the answer is an error. */
async function ask(target: Target): Promise<Record<string, unknown>> {
  const response = await fetch(target.url, {
    method: "POST",
    headers: target.headers,
    body: fill(target.body, SAMPLE),
  });
  const text = await response.text();
  if (isError(response.status, text)) throw new Error(`${response.status} ${text.slice(0, 1000)}`);
  return JSON.parse(text).result.structuredContent;
}

interface Round extends LoadResult {
  /** Microseconds of processor time a request, of the side's own process. */
  readonly cpuUs: number;
}

async function round(
  driver: LoadDriver,
  side: Side,
  target: Target,
  connections: number,
  seconds: number,
): Promise<Round> {
  const before = await cpuSeconds(side.pid);
  const result = await driver.run(target, connections, seconds);
  const after = await cpuSeconds(side.pid);
  const cpuUs = before === null || after === null
    ? NaN
    : (after - before) / Math.max(1, result.requests) * 1e6;
  return { ...result, cpuUs };
}

const of = (rounds: readonly Round[], key: keyof Round) => median(rounds.map((one) => one[key]));
const whole = (value: number) => Number.isNaN(value) ? "–" : value.toFixed(0);
const ms = (value: number) => value.toFixed(2);

/**
 * Measures both sides in turns, so that whatever else the machine does meets both alike, and prints the
 * medians.
 *
 * @throws Error where the sides' answers differ, or any answer was an error.
 */
export async function measureThroughput(
  driver: LoadDriver,
  ours: Side,
  floor: Side,
  workloads: readonly Workload[],
  rounds: Rounds,
): Promise<void> {
  const rows: string[][] = [];
  for (const workload of workloads) {
    const mine = targetOf(ours, workload.ours.tool, workload.ours.arguments);
    const theirs = targetOf(floor, workload.name, workload.floor);
    const [a, b] = [workload.same(await ask(mine)), workload.same(await ask(theirs))];
    if (a !== b) throw new Error(`${workload.name}: ours says ${a}, the floor ${b}`);
    await driver.run(mine, 8, WARM_UP_SECONDS);
    await driver.run(theirs, 8, WARM_UP_SECONDS);
    for (const connections of rounds.connections) {
      const [our, their]: [Round[], Round[]] = [[], []];
      for (let i = 0; i < rounds.repetitions; i++) {
        our.push(await round(driver, ours, mine, connections, rounds.seconds));
        their.push(await round(driver, floor, theirs, connections, rounds.seconds));
      }
      const bad = [...our, ...their].reduce((sum, one) => sum + one.bad, 0);
      if (bad) throw new Error(`${workload.name}: ${bad} answers were errors`);
      const ratio = of(our, "perSecond") / of(their, "perSecond");
      const aim = connections === 32 ? workload.aim : null;
      rows.push([
        `${workload.name}, ${connections} connection${connections > 1 ? "s" : ""}`,
        whole(of(our, "perSecond")),
        whole(of(their, "perSecond")),
        againstAim(ratio, aim),
        ms(of(our, "p50Ms")),
        ms(of(our, "p99Ms")),
        ms(of(their, "p99Ms")),
        whole(of(our, "cpuUs")),
        whole(of(their, "cpuUs")),
        whole(of(our, "bytes")),
        whole(of(their, "bytes")),
      ]);
      console.error(`  ${rows.at(-1)!.slice(0, 4).join("  ")}`);
    }
  }
  printTable([
    "answers a second",
    "ours",
    "floor",
    "ours / floor",
    "p50 ms",
    "p99 ms",
    "floor p99",
    "CPU µs",
    "floor CPU",
    "bytes",
    "floor bytes",
  ], rows);
}
