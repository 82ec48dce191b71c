import { type Clients, startClients, type Write } from "./clients.ts";
import { type Found, judge } from "./judge.ts";
import { countWaiting, look } from "./look.ts";
import { openStage, type Stage } from "./stage.ts";

/** What came of it. */
export interface Outcome {
  readonly writes: readonly Write[];
  readonly found: Found;
  /** What is not as it has to be. */
  readonly faults: readonly string[];
  /** Kills by what was killed. */
  readonly kills: Readonly<Record<Kill, number>>;
  readonly refusals: ReadonlyMap<string, number>;
  /** Milliseconds from the last acknowledgement until the audit log had all. */
  readonly drainedAfterMs: number;
}

/** What is killed: `starting` is a server that was killed while it came up. */
export type Kill = "server" | "postgres" | "both" | "starting";

// What a client may be told while a process is away; anything else is a fault.
const EXPECTED = [
  /^connection (refused|lost)$/,
  /^503 /,
  /^The service cannot answer just now\./,
  /^The database went away, and whether the change was made is not known\./,
];

const CLIENTS = 8;
const PATIENCE_MS = 60_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function draw(): Kill {
  const drawn = Math.random();
  return drawn < 0.4 ? "server" : drawn < 0.8 ? "postgres" : drawn < 0.9 ? "both" : "starting";
}

/** Waits until writes are acknowledged again: a kill is to hit work, not a start. */
async function working(clients: Clients): Promise<void> {
  const before = clients.acknowledged();
  for (const until = Date.now() + PATIENCE_MS; clients.acknowledged() < before + 8;) {
    if (Date.now() > until) {
      const refusals = JSON.stringify([...clients.refusals]);
      throw new Error(`nothing was acknowledged for ${PATIENCE_MS} ms: ${refusals}`);
    }
    await pause(10);
  }
}

async function killAndStart(stage: Stage, what: Kill): Promise<void> {
  if (what !== "postgres") await stage.kill("server");
  if (what === "starting") {
    stage.launch();
    await pause(Math.random() * 1500);
    await stage.kill("server");
  }
  if (what === "postgres" || what === "both") {
    await stage.kill("postgres");
    // Sometimes long enough for everybody to notice.
    await pause(Math.random() ** 3 * 1500);
  }
  await stage.start();
}

/** Waits until the running server has carried everything over. */
async function drained(stage: Stage): Promise<number> {
  const since = performance.now();
  await stage.within(async (services) => {
    while (await countWaiting(services, stage.scope) > 0) {
      if (performance.now() - since > PATIENCE_MS) throw new Error("the relay stands still");
      await pause(20);
    }
  });
  return performance.now() - since;
}

/**
 * Kills the server and Postgres so many times at random moments, while eight clients write, and then looks
 * whether what was acknowledged is there once, and nothing by half.
 *
 * @param say Told how it goes.
 */
export async function chaos(
  kills: readonly Kill[] | number,
  say: (line: string) => void,
): Promise<Outcome> {
  const order = typeof kills === "number" ? Array.from({ length: kills }, draw) : kills;
  await using stage = await openStage(say);
  const clients = startClients(stage, CLIENTS);
  try {
    for (const [i, what] of order.entries()) {
      await working(clients);
      await pause(Math.random() * 600);
      await killAndStart(stage, what);
      if ((i + 1) % 10 === 0) {
        say(`${i + 1} kills, ${clients.acknowledged()} of ${clients.writes.length} acknowledged`);
      }
    }
    await working(clients);
    await clients.stop();
  } catch (error) {
    await clients.stop(true);
    throw error;
  }
  const drainedAfterMs = await drained(stage);
  await stage.kill("server");
  const found = await stage.within((services) => look(services, stage.scope));
  const counts = Map.groupBy(order, (what) => what);
  return {
    writes: clients.writes,
    found,
    faults: [
      ...judge(clients.writes, found),
      ...[...clients.refusals].filter(([text]) => !EXPECTED.some((known) => known.test(text)))
        .map(([text, times]) => `answered ${times} times: ${text}`),
    ],
    kills: {
      server: counts.get("server")?.length ?? 0,
      postgres: counts.get("postgres")?.length ?? 0,
      both: counts.get("both")?.length ?? 0,
      starting: counts.get("starting")?.length ?? 0,
    },
    refusals: clients.refusals,
    drainedAfterMs,
  };
}
