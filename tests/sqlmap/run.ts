/**
 * Lets sqlmap loose on every argument of every tool: `deno task test:sqlmap [tool …]`. Takes some minutes.
 * First it must find a mistake that was made for it. Ends with 0 where nothing was found, with 1 where
 * something was, and with 2 where it was not run since sqlmap is not installed.
 */
import { TOOLS } from "../../lib/tools/catalogue.ts";
import { startThrowawayServer } from "../server.ts";
import { type Adapter, startAdapter } from "./adapter.ts";
import { POINTS } from "./points.ts";
import { runSqlmap, sqlmapVersion } from "./sqlmap.ts";

const SECONDS = 1_200;
const AT_ONCE = 3;

/** The address that has every point of a tool as a parameter. */
function addressOf(origin: string, tool: string): string {
  const url = new URL(`${origin}/${tool}`);
  for (const [name, { usual }] of Object.entries(POINTS[tool]!)) url.searchParams.set(name, usual);
  return url.href;
}

async function tryTool(adapter: Adapter, tool: string): Promise<string | null> {
  const points = Object.keys(POINTS[tool]!).length;
  const started = performance.now();
  const { kind, refused, output } = await runSqlmap(addressOf(adapter.origin, tool), [], SECONDS);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${tool}: ${kind}, ${refused} of ${points} arguments refused (${seconds} s)`);
  return kind === "clean" && refused === points ? null : `${tool}: ${kind}\n${output}`;
}

async function run(names: readonly string[]): Promise<number> {
  const version = await sqlmapVersion();
  if (version === null) {
    console.error("NOT RUN: sqlmap is not installed (Debian: apt-get install sqlmap)");
    return 2;
  }
  const missing = [...TOOLS.keys()].filter((tool) => !POINTS[tool]);
  if (missing.length) throw new Error(`no arguments are tried of ${missing}`);
  if (!Deno.env.has("BULKHEAD_TEST_PG")) {
    Deno.env.set("BULKHEAD_TEST_PG", await startThrowawayServer());
  }
  await using adapter = await startAdapter();
  const before = await adapter.untouched();
  const { kind } = await runSqlmap(`${adapter.origin}/mistake?id=1`, [], SECONDS);
  console.log(`sqlmap ${version}; the mistake that was made for it: ${kind}`);
  if (kind !== "found") return 1;
  const waiting = Object.keys(POINTS).filter((tool) =>
    TOOLS.has(tool) && (!names.length || names.includes(tool))
  );
  const faults: string[] = [];
  const work = async () => {
    for (let tool = waiting.shift(); tool; tool = waiting.shift()) {
      const fault = await tryTool(adapter, tool);
      if (fault) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  faults.push(...adapter.faults.slice(0, 20));
  if (await adapter.untouched() !== before) faults.push("something was changed that no call named");
  for (const fault of faults) console.error(fault);
  console.log(`${adapter.requests()} requests, ${faults.length} findings`);
  return faults.length ? 1 : 0;
}

Deno.exit(await run(Deno.args));
