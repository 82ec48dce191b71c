import { join } from "node:path";
import { seeded } from "./random.ts";

/** What one side is asked, again and again. */
export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text in which `"{{name}}"` stands for a number drawn anew for each request. */
  readonly body: string;
}

/** What came of it. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were errors, and connections that broke. */
  readonly bad: number;
  readonly requests: number;
  /** Bytes of an answer's body, on average. */
  readonly bytes: number;
}

/** Placeholders and the range of each. `n` is the request's id: other for each request. */
export const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  id: [1, 200_000],
  min: [50, 400],
  day: [10, 28],
};

const PLACEHOLDER = /("\{\{\w+\}\}"|\{\{\w+\}\})/;
const nameOf = (part: string) => /\{\{(\w+)\}\}/.exec(part)?.[1];

/** Fills a body's placeholders with given numbers. */
export function fill(body: string, numbers: Readonly<Record<string, number>>): string {
  return body.split(PLACEHOLDER).map((part) => {
    const name = nameOf(part);
    return name === undefined ? part : String(numbers[name]);
  }).join("");
}

/** Whether an answer's text is an error of the protocol or of a tool. */
export function isError(status: number, text: string): boolean {
  return status !== 200 || text.includes('"isError":true') || text.includes('"error":{"');
}

// Strings of JSON in ASCII are strings of Lua too.
const lua = (text: string) => JSON.stringify(text);

function script({ headers, body }: Target): string {
  const parts = body.split(PLACEHOLDER).map((part) => {
    const name = nameOf(part);
    if (name === undefined) return lua(part);
    return name === "n" ? "n" : `math.random(${RANGES[name]!.join(", ")})`;
  });
  return `
wrk.method = "POST"
${
    Object.entries(headers).map(([key, value]) => `wrk.headers[${lua(key)}] = ${lua(value)}`).join(
      "\n",
    )
  }
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() math.randomseed(4711); bad = 0; bytes = 0; n = 10 end
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, ${parts.join(" .. ")})
end
function response(status, headers, body)
  bytes = bytes + #body
  if status ~= 200 or body:find('"isError":true', 1, true) or body:find('"error":{"', 1, true) then
    bad = bad + 1
  end
end
function done(summary, latency)
  local bad, bytes, e = 0, 0, summary.errors
  for _, thread in ipairs(threads) do bad = bad + thread:get("bad"); bytes = bytes + thread:get("bytes") end
  print(string.format('RESULT {"requests":%d,"us":%d,"p50":%d,"p99":%d,"bad":%d,"bytes":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    bad + e.connect + e.read + e.write + e.timeout, bytes))
end
`;
}

/** Runs wrk against a target. */
async function wrk(
  target: Target,
  connections: number,
  seconds: number,
  folder: string,
): Promise<LoadResult> {
  const file = join(folder, "load.lua");
  await Deno.writeTextFile(file, script(target));
  const { stdout, stderr } = await new Deno.Command("wrk", {
    args: ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", file, target.url],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const found = /RESULT (\{.*\})/.exec(text);
  if (!found) throw new Error(`wrk: ${text}${new TextDecoder().decode(stderr)}`);
  const raw = JSON.parse(found[1]!);
  return {
    perSecond: raw.requests / raw.us * 1e6,
    p50Ms: raw.p50 / 1000,
    p99Ms: raw.p99 / 1000,
    bad: raw.bad,
    requests: raw.requests,
    bytes: raw.bytes / Math.max(1, raw.requests),
  };
}

/** The loop of the process that stands in for wrk: keep-alive, one request under way a connection. */
async function loop(target: Target, connections: number, seconds: number): Promise<LoadResult> {
  const random = seeded(4711);
  const latencies: number[] = [];
  let [n, bad, bytes] = [10, 0, 0];
  const start = performance.now();
  const end = start + seconds * 1000;
  const draw = () => {
    const numbers: Record<string, number> = { n: ++n };
    for (const [name, [least, most]] of Object.entries(RANGES)) {
      numbers[name] = least + Math.floor(random() * (most - least + 1));
    }
    return numbers;
  };
  await Promise.all(Array.from({ length: connections }, async () => {
    while (performance.now() < end) {
      const sent = performance.now();
      const response = await fetch(target.url, {
        method: "POST",
        headers: target.headers,
        body: fill(target.body, draw()),
      });
      const text = await response.text();
      latencies.push(performance.now() - sent);
      bytes += text.length;
      if (isError(response.status, text)) bad++;
    }
  }));
  const tookMs = performance.now() - start;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
  return {
    perSecond: latencies.length / tookMs * 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    bad,
    requests: latencies.length,
    bytes: bytes / Math.max(1, latencies.length),
  };
}

/** Tells whether a program is there. */
export async function hasProgram(name: string): Promise<boolean> {
  try {
    await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

/** How load is made: by wrk where it is installed, else by a Deno process of its own. */
export interface LoadDriver {
  readonly name: string;
  run(target: Target, connections: number, seconds: number): Promise<LoadResult>;
}

/** Chooses the driver; `folder` takes its scratch files. */
export async function loadDriver(folder: string): Promise<LoadDriver> {
  if (await hasProgram("wrk")) {
    return { name: "wrk", run: (target, c, seconds) => wrk(target, c, seconds, folder) };
  }
  return {
    name: "a loop in Deno, since wrk is not installed",
    async run(target, connections, seconds) {
      const { stdout, success } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", import.meta.filename!],
        env: { LOAD: JSON.stringify({ target, connections, seconds }) },
        stderr: "inherit",
      }).output();
      if (!success) throw new Error("the load loop failed");
      return JSON.parse(new TextDecoder().decode(stdout));
    },
  };
}

if (import.meta.main) {
  const { target, connections, seconds } = JSON.parse(Deno.env.get("LOAD")!);
  console.log(JSON.stringify(await loop(target, connections, seconds)));
}
