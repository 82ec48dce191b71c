import { createReadStream } from "node:fs";
import { request } from "node:http";
import { connect, copyIn, type Sql } from "../lib/postgres/mod.ts";
import { hasProgram } from "./load.ts";
import { median, peakMegabytes } from "./measure.ts";
import { type Database, databaseNameOf, type Product } from "./product.ts";
import { againstAim, printTable } from "./table.ts";

const AIM = 0.4;
const POLL_MS = 100;

interface Ingest {
  readonly id: string;
  readonly status: string;
}

/** One request to `/v1`; throws where the answer is no success. */
async function call(product: Product, path: string, init: RequestInit = {}): Promise<unknown> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${product.apiToken}`);
  const response = await fetch(new URL(path, product.url), { ...init, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`);
  return text ? JSON.parse(text) : null;
}

/** Makes an endpoint; answers its slug. */
export async function makeEndpoint(product: Product, name: string): Promise<string> {
  const made = await call(product, "/v1/endpoints", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  return (made as { slug: string }).slug;
}

/** Deletes an endpoint with its database. */
export async function dropEndpoint(product: Product, slug: string): Promise<void> {
  await call(product, `/v1/endpoints/${slug}`, { method: "DELETE" });
}

/**
 * Sends a file as it is: by curl where it is installed, which takes as little from the machine as psql
 * does. Not with fetch, whose streamed bodies take longer than all that follows.
 */
async function upload(product: Product, slug: string, file: string): Promise<Ingest> {
  const url = new URL(`/v1/endpoints/${slug}/files?file_name=sales.csv`, product.url);
  const headers = { authorization: `Bearer ${product.apiToken}`, "content-type": "text/csv" };
  if (await hasProgram("curl")) {
    const given = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    const { success, stdout } = await new Deno.Command("curl", {
      args: ["-sS", "--fail-with-body", "-X", "POST", "-T", file, ...given, url.href],
      stderr: "inherit",
    }).output();
    const text = new TextDecoder().decode(stdout);
    if (!success) throw new Error(`upload: ${text}`);
    return JSON.parse(text);
  }
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const length = (await Deno.stat(file)).size;
  const sending = request(
    url,
    { method: "POST", headers: { ...headers, "content-length": length } },
    async (response) => {
      response.setEncoding("utf8");
      let text = "";
      for await (const part of response) text += part;
      if (response.statusCode === 202) resolve(text);
      else reject(new Error(`upload: ${response.statusCode} ${text}`));
    },
  );
  sending.on("error", reject);
  createReadStream(file, { highWaterMark: 1 << 20 }).pipe(sending);
  return JSON.parse(await promise);
}

/** Uploads a file and waits until it is loaded and served; answers the seconds it took. */
async function load(product: Product, slug: string, file: string): Promise<number> {
  const start = performance.now();
  let ingest = await upload(product, slug, file);
  while (ingest.status !== "done") {
    if (!/^(queued|running)$/.test(ingest.status)) throw new Error(JSON.stringify(ingest));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    ingest = await call(product, `/v1/endpoints/${slug}/ingests/${ingest.id}`) as Ingest;
  }
  return (performance.now() - start) / 1000;
}

/**
 * Waits for the full-text index, which follows a large load as a job of its own: what is measured next
 * must not run beside it. Answers the seconds it took.
 */
async function searchIndex(admin: Sql): Promise<number> {
  const start = performance.now();
  const isThere = async () => {
    const [row] = await admin<{ there: boolean }[]>`
      SELECT to_regclass('public.sales_search_idx') IS NOT NULL AS there`;
    return row!.there;
  };
  while (!await isThere()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  return (performance.now() - start) / 1000;
}

/** Copies the file into a table by the usual means; answers the seconds it took. */
async function copy(url: string, table: string, file: string, psql: boolean): Promise<number> {
  const start = performance.now();
  if (psql) {
    const { success, stderr } = await new Deno.Command("psql", {
      args: [
        "-qX",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        `\\copy ${table} from '${file}' csv header`,
        url,
      ],
      stdout: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  } else {
    const sql = connect(url, { max: 1 });
    await sql.begin(async (tx) => {
      const copy = copyIn(tx, `COPY ${table} FROM STDIN CSV HEADER`);
      for await (const chunk of (await Deno.open(file)).readable) await copy.write(chunk);
      await copy.end();
    });
    await sql.end();
  }
  return (performance.now() - start) / 1000;
}

/**
 * Measures an ingest of a file, from the first byte of the upload until its tools can be called,
 * beside `psql \copy` of the same file into a table that is ready: the same columns and types, once
 * with nothing else and once with the primary key that ours makes. In turns, medians.
 */
export async function measureIngest(
  database: Database,
  product: Product,
  file: string,
  rows: number,
  repetitions: number,
): Promise<void> {
  const psql = await hasProgram("psql");
  const megabytes = (await Deno.stat(file)).size / 1e6;
  const seconds: Record<"ours" | "search" | "bare" | "keyed", number[]> = {
    ours: [],
    search: [],
    bare: [],
    keyed: [],
  };
  const peakBefore = await peakMegabytes(product.pid);
  for (let i = 0; i < repetitions; i++) {
    const slug = await makeEndpoint(product, "Sales");
    seconds.ours.push(await load(product, slug, file));
    const name = await databaseNameOf(database, slug);
    const admin = database.open(name);
    try {
      seconds.search.push(seconds.ours.at(-1)! + await searchIndex(admin));
      const [counted] = await admin<{ n: string }[]>`SELECT count(*) AS n FROM sales`;
      if (Number(counted!.n) !== rows) throw new Error(`${counted!.n} rows were loaded`);
      for (const table of ["bare", "keyed"] as const) {
        await admin.unsafe(`CREATE TABLE ${table} (LIKE sales)`);
        await admin.unsafe(`ALTER TABLE ${table} ALTER sale_id DROP NOT NULL`);
        if (table === "keyed") await admin.unsafe("ALTER TABLE keyed ADD PRIMARY KEY (sale_id)");
        // Each side finds the disk as the other left it, and not behind what the other still owes it.
        await admin.unsafe("CHECKPOINT");
        seconds[table].push(await copy(database.url(name), table, file, psql));
        await admin.unsafe(`DROP TABLE ${table}`);
      }
      await admin.unsafe("CHECKPOINT");
    } finally {
      await admin.end();
    }
    await dropEndpoint(product, slug);
    console.error(`  ingest ${i + 1} of ${repetitions}: ${seconds.ours.at(-1)!.toFixed(1)} s`);
  }
  const ours = median(seconds.ours);
  const by = psql ? "psql \\copy" : "COPY through the driver (psql is not installed)";
  const row = (what: string, took: number, ratio: string) => [
    what,
    took.toFixed(2),
    (rows / took / 1000).toFixed(0),
    (megabytes / took).toFixed(1),
    ratio,
  ];
  printTable(
    [`ingest of ${rows} rows, ${megabytes.toFixed(0)} MB`, "s", "rows/ms", "MB/s", "ours / this"],
    [
      row("ours: upload, inference, load, keys, tools", ours, ""),
      row("ours, until the full-text index is there too", median(seconds.search), ""),
      row(
        `${by}, no key or index`,
        median(seconds.bare),
        againstAim(median(seconds.bare) / ours, AIM),
      ),
      row(
        `${by}, with the primary key`,
        median(seconds.keyed),
        againstAim(median(seconds.keyed) / ours, null),
      ),
    ],
  );
  const peak = await peakMegabytes(product.pid);
  if (peak !== null && peakBefore !== null) {
    console.log(
      `memory of the server: at most ${peak.toFixed(0)} MB, ` +
        `${(peak - peakBefore).toFixed(0)} MB above what it had held before`,
    );
  }
}
