import { join } from "node:path";
import { SYSTEM_ACTOR } from "../lib/audit/mod.ts";
import { localAccount } from "../lib/auth/mod.ts";
import { localMasterKey } from "../lib/crypto/mod.ts";
import { newId } from "../lib/ids.ts";
import { createLog } from "../lib/log.ts";
import { prepareJobs } from "../lib/jobs/mod.ts";
import { bootstrap, connect, readMigrations, type Sql } from "../lib/postgres/mod.ts";
import { startEmbeddedPostgres } from "../lib/postgres/embedded/mod.ts";
import { ABILITIES, type RequestScope } from "../lib/principal.ts";
import type { Services } from "../lib/services.ts";
import { openServices } from "../lib/start/mod.ts";
import { mintToken } from "../lib/tokens/mod.ts";

const ROOT = new URL("../", import.meta.url);
const CONTROL = "bulkhead";

/** A durable Postgres with default settings, as `deno task start` makes one. */
export interface Database extends AsyncDisposable {
  /** The superuser's URL of a database. */
  url(database: string): string;
  /** Opens a database as the superuser. */
  open(database: string): Sql;
}

/** Starts the Postgres that everything here runs on. */
export async function startDatabase(folder: string): Promise<Database> {
  const dataDir = join(folder, "postgres");
  await Deno.mkdir(dataDir);
  const postgres = await startEmbeddedPostgres({ dataDir, say: () => {} });
  const url = (database: string) => {
    const out = new URL(postgres.superuserUrl);
    out.pathname = `/${database}`;
    return out.href;
  };
  const first = connect(url("postgres"), { max: 1 });
  await first.unsafe(`CREATE DATABASE ${CONTROL}`);
  await first.end();
  return {
    url,
    open: (database) => connect(url(database), { max: 2, name: "bench" }),
    [Symbol.asyncDispose]: () => postgres.stop(),
  };
}

/** The product's own server process. */
export interface Product extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly mcpUrl: string;
  readonly token: string;
  /** A token for the whole tenant with every ability, for `/v1`. */
  readonly apiToken: string;
  /** Opens the same house in this process, as another replica would. */
  open(): Promise<House>;
}

/** Services over the product's databases, and the account that it made for itself. */
export interface House extends AsyncDisposable {
  readonly services: Services;
  readonly scope: RequestScope;
}

/** Starts `main.ts` as `deno task start --json FILE` does, and waits until it serves the file. */
export async function startProduct(
  database: Database,
  folder: string,
  file: string,
  profile: string | null,
): Promise<Product> {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  // A profile is of the serving process, which start.ts would become.
  const command = profile
    ? ["run", "--cpu-prof", `--cpu-prof-dir=${profile}`, "-A", "main.ts"]
    : String(tasks.start).split(" ").slice(1);
  const key = crypto.getRandomValues(new Uint8Array(32));
  const child = new Deno.Command(Deno.execPath(), {
    args: [...command, "--json", file],
    cwd: ROOT,
    env: {
      PORT: "0",
      BULKHEAD_DATA: join(folder, "data"),
      BULKHEAD_MASTER_KEY: key.toBase64(),
      DATABASE_URL: database.url(CONTROL),
    },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  const listening = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (said = (said + text).slice(-20_000)) }),
  );
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the product did not start:\n${said}`);
    line += value;
  }
  const { url, mcp_url: mcpUrl, token } = JSON.parse(line);
  const open = () => openHouse(database, folder, key);
  return {
    pid: child.pid,
    url,
    mcpUrl,
    token,
    apiToken: await mintApiToken(open),
    open,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await reader.cancel();
      const { success } = await child.status;
      await listening;
      if (!success) console.error(`the product ended badly:\n${said}`);
    },
  };
}

async function mintApiToken(open: () => Promise<House>): Promise<string> {
  await using house = await open();
  const { token } = await mintToken(house.services, house.scope, {
    name: "bench",
    scope: "mcp:write",
    abilities: ABILITIES,
    endpoints: "all",
  });
  return token;
}

/** Opens the product's databases with its key: no route gives a credential to a program without one. */
async function openHouse(
  database: Database,
  folder: string,
  key: Uint8Array<ArrayBuffer>,
): Promise<House> {
  const masterKey = await localMasterKey(key);
  const ready = await bootstrap({
    url: database.url(CONTROL),
    controlDatabase: CONTROL,
    masterKey,
    migrations: await readMigrations(new URL("migrations/control/", ROOT)),
    hardening: await Deno.readTextFile(new URL("migrations/cluster/harden_base.sql", ROOT)),
    warn: () => {},
    prepare: prepareJobs,
  });
  const { services, close } = await openServices({
    ...ready,
    baseUrl: new URL("http://127.0.0.1"),
    allowedOrigins: new Set(),
    trustedProxies: [],
    objectsDir: join(folder, "unused"),
    masterKey,
    tenantMigrations: await readMigrations(new URL("migrations/tenant/", ROOT)),
    log: createLog(() => {}),
  });
  const { tenantId, userId } = await localAccount(services, SYSTEM_ACTOR);
  return {
    services,
    scope: {
      requestId: newId(),
      principal: {
        kind: "system",
        tenantId,
        userId,
        tokenId: null,
        label: "bench",
        scope: "mcp:write",
        abilities: new Set(ABILITIES),
        role: "owner",
        review: false,
        endpoints: "all",
      },
      tenantId,
      network: null,
      signal: new AbortController().signal,
    },
    [Symbol.asyncDispose]: close,
  };
}

/** The database behind an endpoint, read where an operator can read it. */
export async function databaseNameOf(database: Database, slug: string): Promise<string> {
  const control = database.open(CONTROL);
  try {
    const [row] = await control<{ database_name: string }[]>`
      SELECT database_name FROM endpoints WHERE slug = ${slug}`;
    return row!.database_name;
  } finally {
    await control.end();
  }
}
