import { join } from "node:path";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { localMasterKey } from "../../lib/crypto/mod.ts";
import { createLog } from "../../lib/log.ts";
import { bootstrap, type EmbeddedPostgres, startEmbeddedPostgres } from "../../lib/postgres/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { openServices } from "../../lib/start/mod.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import { bootstrapParts, tenantMigrations, testTenant } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";

/** A server and a Postgres of their own, either of which can be killed and started again. */
export interface Stage extends AsyncDisposable {
  readonly origin: string;
  readonly token: string;
  readonly scope: EndpointScope;
  /** Ends a process at once, as `kill -9` does. */
  kill(what: "server" | "postgres"): Promise<void>;
  /** Starts what does not run. The server answers when this resolves. */
  start(): Promise<void>;
  /** Starts the server without waiting for it to answer. */
  launch(): void;
  /** Works on services of this process. */
  within<T>(work: (services: Services) => Promise<T>): Promise<T>;
}

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A free port that no outgoing connection is given meanwhile. */
function stablePort(): number {
  for (;;) {
    const port = 15_000 + crypto.getRandomValues(new Uint16Array(1))[0]! % 15_000;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch {
      // Taken.
    }
  }
}

/** A running server process, and what it has said. */
interface Server {
  readonly child: Deno.ChildProcess;
  readonly said: Promise<string>;
}

/**
 * Makes an endpoint with the table `items`, which may be written, and starts the server for it.
 *
 * @param say Told what the servers said on standard error when they had ended by themselves.
 */
export async function openStage(say: (line: string) => void): Promise<Stage> {
  const dataDir = await Deno.makeTempDir({ prefix: "bulkhead-chaos-" });
  // Postgres may have to run as another user, who must get in.
  await Deno.chmod(dataDir, 0o711);
  await Deno.mkdir(join(dataDir, "postgres"), { mode: 0o711 });
  // The server is told of the database once: it has to come back where it was.
  await Deno.writeTextFile(join(dataDir, "postgres", "port"), `${stablePort()}\n`);
  const key = crypto.getRandomValues(new Uint8Array(32));
  const port = stablePort();
  const origin = `http://127.0.0.1:${port}`;

  const startPostgres = () =>
    startEmbeddedPostgres({ dataDir, say: () => {}, sharedBuffersMb: 64, maxConnections: 150 });
  let postgres: EmbeddedPostgres | null = await startPostgres();
  const url = new URL(postgres.superuserUrl);
  let server: Server | null = null;

  const parts = { ...await bootstrapParts(), masterKey: await localMasterKey(key) };
  const ready = await bootstrap({ ...parts, url: url.href, controlDatabase: "bulkhead" });
  url.pathname = "/bulkhead";

  async function within<T>(work: (services: Services) => Promise<T>): Promise<T> {
    const open = await openServices({
      ...ready,
      baseUrl: new URL(origin),
      allowedOrigins: new Set(),
      trustedProxies: [],
      objectsDir: join(dataDir, "uploads"),
      masterKey: parts.masterKey,
      tenantMigrations: await tenantMigrations(),
      log: createLog(() => {}),
    });
    try {
      return await work(open.services);
    } finally {
      await open.close();
    }
  }

  function launch(): void {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN],
      env: {
        HOST: "127.0.0.1",
        PORT: String(port),
        DATABASE_URL: url.href,
        BULKHEAD_DATA: dataDir,
        BULKHEAD_MASTER_KEY: key.toHex(),
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    server = { child, said: new Response(child.stderr).text() };
  }

  async function answers(running: Server): Promise<void> {
    let ended = false;
    void running.child.status.then(() => ended = true);
    for (;;) {
      const answered = await fetch(origin, {
        redirect: "manual",
        signal: AbortSignal.timeout(5000),
      })
        .then((response) => response.body?.cancel().then(() => true) ?? true, () => false);
      if (answered) return;
      if (ended) throw new Error(`the server ended by itself: ${await running.said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function kill(what: "server" | "postgres"): Promise<void> {
    if (what === "postgres" && postgres) {
      Deno.kill(postgres.pid, "SIGKILL");
      await postgres.ended;
      postgres = null;
    }
    if (what === "server" && server) {
      const { child, said } = server;
      server = null;
      try {
        child.kill("SIGKILL");
      } catch {
        say(`The server had ended by itself: ${await said}`);
      }
      await child.status;
      await said;
    }
  }

  async function start(): Promise<void> {
    if (!postgres) {
      postgres = await startPostgres();
      if (postgres.port !== Number(url.port)) throw new Error("somebody took the database's port");
    }
    if (!server) launch();
    await answers(server!);
  }

  const { scope, token } = await within(async (services) => {
    const tenant = await testTenant(services);
    const scope = await createEndpoint(services, tenant.scope, "chaos");
    await loadTables(services, scope, "CREATE TABLE items (id int PRIMARY KEY, n int, note text)");
    await setWrites(services, scope, "direct");
    const { token } = await mintToken(services, tenant.scope, {
      name: "chaos",
      scope: "mcp:write",
      abilities: ["rows:read", "rows:insert", "rows:update", "rows:delete"],
      endpoints: [scope.endpoint.id],
    });
    return { scope, token };
  });
  await start();
  return {
    origin,
    token,
    scope,
    kill,
    start,
    launch,
    within,
    async [Symbol.asyncDispose]() {
      await kill("server");
      await postgres?.stop();
      await Deno.remove(dataDir, { recursive: true });
    },
  };
}
