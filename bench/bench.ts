/**
 * `deno task bench`: the product's own server process beside the least that the same answers can cost,
 * in one run, as ratios. It says what it finds and fails on errors alone, never on a slow machine.
 *
 * `--secs=4` seconds a round, `--reps=3` rounds a side, `--only=point,filter,count,path,write,ingest,provision`,
 * `--rows=1000000` rows of the ingest, `--profile=FOLDER` for a CPU profile of the server.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeOrders, writeSales } from "./data.ts";
import { startFloor } from "./floor_process.ts";
import { measureIngest } from "./ingest.ts";
import { loadDriver } from "./load.ts";
import { measurePath } from "./path.ts";
import { type Database, databaseNameOf, startDatabase, startProduct } from "./product.ts";
import { measureProvisioning } from "./provisioning.ts";
import { measureThroughput } from "./throughput.ts";
import { WORKLOADS } from "./workloads.ts";
import { measureWrites } from "./writes.ts";

const PROVISIONINGS = 15;

/** Ours makes indexes for keys only; the queries want these, and both sides are given them. */
const INDEXES = [
  "CREATE INDEX ON orders (customer_id)",
  "CREATE INDEX ON orders (status, ordered_at DESC)",
  "CREATE INDEX ON orders (ordered_at)",
];

async function addIndexes(database: Database, name: string): Promise<void> {
  const admin = database.open(name);
  try {
    for (const statement of INDEXES) await admin.unsafe(statement);
    await admin.unsafe("VACUUM ANALYZE orders");
    await admin.unsafe("CHECKPOINT");
  } finally {
    await admin.end();
  }
}

function readFlags() {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      secs: { type: "string", default: "4" },
      reps: { type: "string", default: "3" },
      rows: { type: "string", default: "1000000" },
      only: { type: "string", default: "point,filter,count,path,write,ingest,provision" },
      profile: { type: "string" },
    },
  });
  return {
    seconds: Number(values.secs),
    repetitions: Number(values.reps),
    rows: Number(values.rows),
    only: new Set(values.only.split(",")),
    profile: values.profile ?? null,
  };
}

async function main(): Promise<void> {
  const flags = readFlags();
  await using closing = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "bulkhead_bench_" });
  closing.defer(() => Deno.remove(folder, { recursive: true }));
  // Postgres may have to run as another user, who must get in.
  await Deno.chmod(folder, 0o711);

  console.error("Starting Postgres and the server …");
  const database = closing.use(await startDatabase(folder));
  const orders = join(folder, "orders.csv");
  await writeOrders(orders);
  const product = closing.use(await startProduct(database, folder, orders, flags.profile));
  const name = await databaseNameOf(database, new URL(product.mcpUrl).pathname.split("/").at(-1)!);

  const workloads = WORKLOADS.filter((one) => flags.only.has(one.name));
  if (workloads.length) {
    await addIndexes(database, name);
    const floor = closing.use(await startFloor(database, name));
    const driver = await loadDriver(folder);
    console.error(`Measuring with ${driver.name} …`);
    await measureThroughput(
      driver,
      { pid: product.pid, url: product.mcpUrl, token: product.token },
      { pid: floor.pid, url: floor.url, token: null },
      workloads,
      { seconds: flags.seconds, repetitions: flags.repetitions, connections: [1, 32] },
    );
    console.log(
      "ours: authentication, permission checks and usage events on; floor: none of these. " +
        `Both read one table, which was given: ${INDEXES.join("; ")}.\n`,
    );
  }
  if (flags.only.has("path")) {
    await using house = await product.open();
    await measurePath(house.services, product.mcpUrl, product.token, WORKLOADS);
  }
  if (flags.only.has("write")) {
    await measureWrites(database, product, name, flags);
    console.log();
  }
  if (flags.only.has("provision")) {
    await measureProvisioning(product, PROVISIONINGS);
    console.log();
  }
  if (flags.only.has("ingest")) {
    const sales = join(folder, "sales.csv");
    console.error(`Writing ${flags.rows} rows …`);
    await writeSales(sales, flags.rows);
    await measureIngest(database, product, sales, flags.rows, flags.repetitions);
  }
}

if (import.meta.main) await main();
