import { enterEndpoint, openEndpoint } from "../lib/endpoints/mod.ts";
import { parseSlug } from "../lib/ids.ts";
import { callTool, loadManifest, setWrites } from "../lib/tools/mod.ts";
import { ORDERS } from "./data.ts";
import { median } from "./measure.ts";
import type { Database, Product } from "./product.ts";
import { againstAim, printTable } from "./table.ts";

/** Share of a bare UPDATE's throughput that is aimed at. */
const AIM = 0.5;
const CONNECTIONS = 32;

/** The same rows and indexes without a trigger: what an UPDATE costs that nobody accounts for. */
const BARE = [
  "CREATE TABLE orders_bare (LIKE orders INCLUDING ALL)",
  "INSERT INTO orders_bare SELECT * FROM orders",
  "GRANT SELECT, UPDATE ON orders_bare TO",
];

async function makeBare(database: Database, name: string): Promise<void> {
  const admin = database.open(name);
  try {
    const [row] = await admin<{ writer: string }[]>`SELECT writer FROM bulkhead.access`;
    for (const statement of BARE) {
      await admin.unsafe(statement.endsWith(" TO") ? `${statement} "${row!.writer}"` : statement);
    }
    await admin.unsafe("VACUUM ANALYZE orders, orders_bare");
  } finally {
    await admin.end();
  }
}

/** Answers a second of something that is done over and over by so many at once. */
async function perSecond(seconds: number, act: (n: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  let n = 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (performance.now() < end) {
      await act(n++);
      done++;
    }
  }));
  return done / ((performance.now() - start) / 1000);
}

/**
 * Measures `update_row`, with validation, grants, journal and usage, beside a bare UPDATE in a transaction
 * of its own over the same pool of the writer's connections: with the server's relay standing still, and
 * while it carries the entries to the audit log on the same machine.
 *
 * @throws Error where a write is refused.
 */
export async function measureWrites(
  database: Database,
  product: Product,
  name: string,
  rounds: { readonly seconds: number; readonly repetitions: number },
): Promise<void> {
  await using house = await product.open();
  const { services, scope } = house;
  const slug = parseSlug(new URL(product.mcpUrl).pathname.split("/").at(-1)!);
  await setWrites(services, await enterEndpoint(services, scope, slug), "direct");
  const entered = await enterEndpoint(services, scope, slug);
  const manifest = await loadManifest(services, entered);
  await makeBare(database, name);
  const id = (n: number) => 1 + (n * 7919) % ORDERS;
  const lease = await openEndpoint(services, entered, "writer");
  const update = async (n: number) => {
    const answer = await callTool(services, entered, manifest, "update_row", {
      table: "orders",
      key: id(n),
      values: { total: `${n % 1000}.25` },
    });
    if (answer.isError) throw new Error(answer.text);
  };
  const text = "UPDATE orders_bare SET total = $2::text::numeric WHERE id = $1::text::int " +
    "RETURNING id, customer_id, status, ordered_at, total, note";
  const bare = (n: number) =>
    lease.sql.unsafe(text, [String(id(n)), `${n % 1000}.25`], { prepare: true }).values();
  try {
    await perSecond(1, update);
    await perSecond(1, bare);
    const rows: string[][] = [];
    for (const carried of [false, true]) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      // The relay is the server's: what it carries over costs these two cores as much as the write.
      if (!carried) Deno.kill(product.pid, "SIGSTOP");
      try {
        for (let i = 0; i < rounds.repetitions; i++) {
          ours.push(await perSecond(rounds.seconds, update));
          theirs.push(await perSecond(rounds.seconds, bare));
        }
      } finally {
        if (!carried) Deno.kill(product.pid, "SIGCONT");
      }
      const [a, b] = [median(ours), median(theirs)];
      rows.push([
        `${CONNECTIONS} at once, ${carried ? "and carried to the audit log" : "journalled"}`,
        a.toFixed(0),
        b.toFixed(0),
        againstAim(a / b, carried ? null : AIM),
      ]);
    }
    printTable(["writes of one row a second", "update_row", "bare UPDATE", "ratio"], rows);
  } finally {
    lease.release();
  }
}
