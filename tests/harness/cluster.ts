import { localMasterKey } from "../../lib/crypto/mod.ts";
import { prepareJobs } from "../../lib/jobs/mod.ts";
import { randomName } from "../../lib/ids.ts";
import {
  bootstrap,
  connect,
  migrationsDigest,
  readMigrations,
  type Sql,
} from "../../lib/postgres/mod.ts";
import { startThrowawayServer } from "../server.ts";

const ROOT = new URL("../../", import.meta.url);

/** A cluster for tests: never the one that a developer's data is on. */
export interface TestCluster {
  readonly superuserUrl: string;
  readonly superuser: Sql;
}

let started: Promise<TestCluster> | undefined;

async function startCluster(): Promise<TestCluster> {
  // One server for the whole run, where the runner started one; else one for this process.
  const url = Deno.env.get("BULKHEAD_TEST_PG") ?? await startThrowawayServer();
  return { superuserUrl: url, superuser: connect(url, { max: 2, name: "tests", idleSeconds: 1 }) };
}

/** The cluster of this run. */
export function testCluster(): Promise<TestCluster> {
  return started ??= startCluster();
}

/** The master key of every test; roles' passwords come from it. */
export const TEST_KEY = new TextEncoder().encode("bulkhead-tests-only-32-byte-key!");

const LOCK = 0x74657374;

const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

/** What bootstrap needs besides a URL and a database's name. */
export async function bootstrapParts() {
  return {
    masterKey: await localMasterKey(TEST_KEY),
    migrations: await readMigrations(new URL("migrations/control/", ROOT)),
    hardening: await read("migrations/cluster/harden_base.sql"),
    warn: () => {},
    prepare: prepareJobs,
  };
}

/** The trail of endpoints' databases. */
export const tenantMigrations = () => readMigrations(new URL("migrations/tenant/", ROOT));

const withDatabase = (url: string, name: string) => {
  const out = new URL(url);
  out.pathname = `/${name}`;
  return out.href;
};

/** Makes, once a run, the control database that tests clone; answers the administrator's URL. */
async function templateOf(cluster: TestCluster): Promise<{ template: string; adminUrl: string }> {
  const parts = await bootstrapParts();
  const template = `control_template_${migrationsDigest(parts.migrations)}`;
  const lock = await cluster.superuser.reserve();
  try {
    await lock`SELECT pg_advisory_lock(${LOCK})`;
    const [admin] = await lock`SELECT FROM pg_roles WHERE rolname = 'bulkhead_admin'`;
    const [known] = await lock`SELECT FROM pg_database WHERE datname = ${template}`;
    if (!known || !admin) {
      const draft = `${template}_draft`;
      await lock.unsafe(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
      await bootstrap({ ...parts, url: cluster.superuserUrl, controlDatabase: draft });
      await lock.unsafe(`ALTER DATABASE ${draft} ALLOW_CONNECTIONS false`);
      await lock.unsafe(`ALTER DATABASE ${draft} RENAME TO ${template}`);
    }
  } finally {
    await lock`SELECT pg_advisory_unlock(${LOCK})`;
    lock.release();
  }
  const key = await parts.masterKey.derive("role/bulkhead_admin");
  const adminUrl = new URL(cluster.superuserUrl);
  adminUrl.username = "bulkhead_admin";
  adminUrl.password = key.toBase64({ alphabet: "base64url", omitPadding: true });
  return { template, adminUrl: adminUrl.href };
}

let template: ReturnType<typeof templateOf> | undefined;

/** A control database of a test's own. */
export interface TestControl {
  readonly database: string;
  readonly adminUrl: string;
  readonly appUrl: string;
  /** Drops it and every endpoint's database and role that it knows. */
  drop(): Promise<void>;
}

/** Clones a fresh control database and gives it an application login of its own. */
export async function createControl(): Promise<TestControl> {
  const cluster = await testCluster();
  const made = await (template ??= templateOf(cluster));
  const database = `control_${randomName(12)}`;
  await cluster.superuser.unsafe(
    `CREATE DATABASE ${database} TEMPLATE ${made.template} OWNER bulkhead_admin`,
  );
  const adminUrl = withDatabase(made.adminUrl, database);
  const admin = connect(adminUrl, { max: 1 });
  await admin`DELETE FROM installation`;
  await admin.end();
  // The real path of a start whose DATABASE_URL is an administrator that is no superuser.
  const ready = await bootstrap({
    ...await bootstrapParts(),
    url: adminUrl,
    controlDatabase: database,
  });
  return {
    database,
    adminUrl,
    appUrl: ready.appUrl,
    async drop() {
      const inside = connect(withDatabase(cluster.superuserUrl, database), { max: 1 });
      const endpoints = await inside<Record<string, string>[]>`
        SELECT database_name, owner_role, writer_role, reader_role FROM endpoints`;
      const [installation] = await inside<{ app_role: string }[]>`
        SELECT app_role FROM installation`;
      await inside.end();
      for (const row of endpoints) {
        await cluster.superuser.unsafe(
          `DROP DATABASE IF EXISTS ${row["database_name"]} WITH (FORCE)`,
        );
        await cluster.superuser.unsafe(
          `DROP ROLE IF EXISTS ${row["owner_role"]}, ${row["writer_role"]}, ${row["reader_role"]}`,
        );
      }
      await cluster.superuser.unsafe(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
      await cluster.superuser.unsafe(`DROP ROLE IF EXISTS ${installation!.app_role}`);
    },
  };
}

/** Closes this process's connections to the cluster. */
export async function leaveCluster(): Promise<void> {
  if (started) await (await started).superuser.end({ timeout: 1 });
  started = undefined;
}
