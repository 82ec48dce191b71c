import type { MasterKey } from "../crypto/mod.ts";
import { scramVerifier } from "../crypto/mod.ts";
import { randomName } from "../ids.ts";
import { connect, quoteIdent, quoteLiteral, type Sql } from "./connect.ts";
import { migrate, type Migration } from "./migrate.ts";
import { hardenDescendants } from "./harden.ts";
import { BASE_DATABASE } from "./provision/template.ts";

/** What the start needs to make a cluster ready. */
export interface BootstrapInput {
  /** The cluster's superuser, or an administrator with CREATEDB and CREATEROLE. */
  readonly url: string;
  /** Name of the control database. */
  readonly controlDatabase: string;
  readonly masterKey: MasterKey;
  /** Trail of the control database. */
  readonly migrations: readonly Migration[];
  /** SQL that takes from PUBLIC, inside the base database, what a superuser alone can take. */
  readonly hardening: string;
  /** Told what could not be done, in plain words. */
  readonly warn: (text: string) => void;
  /** Run in the control database by the administrator after the trail, for libraries' own schemas. */
  readonly prepare?: (admin: Sql) => Promise<void>;
}

/** How to go on: nothing is served over the first, and the application knows only the second. */
export interface BootstrapResult {
  readonly adminUrl: string;
  readonly appUrl: string;
}

const ADMIN_ROLE = "bulkhead_admin";

// One start at a time does the work, also where several replicas start at once.
const LOCK = 0x62756c6d;

const withDatabase = (url: string, database: string) => {
  const out = new URL(url);
  out.pathname = `/${database}`;
  return out.href;
};

const withLogin = (url: string, role: string, password: string) => {
  const out = new URL(url);
  out.username = role;
  out.password = password;
  return out.href;
};

async function databaseExists(sql: Sql, name: string): Promise<boolean> {
  return (await sql`SELECT FROM pg_catalog.pg_database WHERE datname = ${name}`).length > 0;
}

async function rolePassword(masterKey: MasterKey, role: string): Promise<string> {
  const key = await masterKey.derive(`role/${role}`);
  return key.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Makes or keeps a login role, with the password that the master key gives it. What exists keeps its
 * attributes: only a superuser may even repeat NOSUPERUSER in an ALTER ROLE.
 */
async function ensureLogin(sql: Sql, role: string, password: string, attributes: string) {
  const known = await sql`SELECT FROM pg_catalog.pg_roles WHERE rolname = ${role}`;
  const verifier = quoteLiteral(await scramVerifier(password));
  await sql.unsafe(
    known.length
      ? `ALTER ROLE ${quoteIdent(role)} LOGIN PASSWORD ${verifier}`
      : `CREATE ROLE ${quoteIdent(role)} LOGIN ${attributes} PASSWORD ${verifier}`,
  );
}

/** What only a superuser can do: an administrator that is none, a hardened base, closed doors. */
async function asSuperuser(sql: Sql, input: BootstrapInput): Promise<string> {
  const password = await rolePassword(input.masterKey, ADMIN_ROLE);
  await ensureLogin(sql, ADMIN_ROLE, password, "NOSUPERUSER CREATEDB CREATEROLE NOBYPASSRLS");
  await sql.unsafe(
    `ALTER ROLE ${ADMIN_ROLE} SET createrole_self_grant = 'set, inherit';
     GRANT SET ON PARAMETER temp_file_limit TO ${ADMIN_ROLE}`,
  );
  for (const name of ["postgres", "template1"]) {
    if (await databaseExists(sql, name)) {
      await sql.unsafe(`REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`);
    }
  }
  if (!await databaseExists(sql, BASE_DATABASE)) {
    const draft = `${BASE_DATABASE}_draft`;
    await sql.unsafe(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await sql.unsafe(
      `CREATE DATABASE ${draft} TEMPLATE template0 ENCODING 'UTF8'
       LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C' OWNER ${ADMIN_ROLE}`,
    );
    await sql.unsafe(
      `REVOKE ALL ON DATABASE ${draft} FROM PUBLIC;
       ALTER DATABASE ${draft} ALLOW_CONNECTIONS false`,
    );
    await sql.unsafe(`ALTER DATABASE ${draft} RENAME TO ${BASE_DATABASE}`);
  }
  await hardenDescendants(sql, input.url, input.hardening);
  const control = quoteIdent(input.controlDatabase);
  if (await databaseExists(sql, input.controlDatabase)) {
    await sql.unsafe(`ALTER DATABASE ${control} OWNER TO ${ADMIN_ROLE}`);
  } else {
    await sql.unsafe(`CREATE DATABASE ${control} OWNER ${ADMIN_ROLE}`);
  }
  return withLogin(withDatabase(input.url, input.controlDatabase), ADMIN_ROLE, password);
}

/** What an administrator can do on a cluster whose superuser is somebody else's. */
async function asAdministrator(sql: Sql, input: BootstrapInput): Promise<void> {
  if (!await databaseExists(sql, BASE_DATABASE)) {
    await sql.unsafe(`CREATE DATABASE ${BASE_DATABASE} TEMPLATE template0`);
    await sql.unsafe(`REVOKE ALL ON DATABASE ${BASE_DATABASE} FROM PUBLIC`);
    input.warn(
      `${BASE_DATABASE} was made without a superuser's hardening: run ` +
        `migrations/cluster/harden_base.sql in it as a superuser before serving other people's data.`,
    );
  }
  if (!await databaseExists(sql, input.controlDatabase)) {
    await sql.unsafe(`CREATE DATABASE ${quoteIdent(input.controlDatabase)}`);
  }
}

/** The roles and the schema of the control database. */
async function prepareControl(adminUrl: string, input: BootstrapInput): Promise<string> {
  const admin = connect(adminUrl, {
    max: 2,
    name: "bulkhead start",
    settings: { createrole_self_grant: "set, inherit" },
  });
  try {
    for (const role of ["bulkhead_app", "bulkhead_lookup"]) {
      const known = await admin`SELECT FROM pg_catalog.pg_roles WHERE rolname = ${role}`;
      if (!known.length) await admin.unsafe(`CREATE ROLE ${role} NOLOGIN NOBYPASSRLS`);
    }
    await migrate(admin, input.migrations);
    await input.prepare?.(admin);
    const [row] = await admin<{ app_role: string }[]>`
      WITH made AS (
        INSERT INTO installation (app_role) VALUES (${`bulkhead_app_${randomName(10)}`})
        ON CONFLICT DO NOTHING RETURNING app_role
      )
      SELECT app_role FROM made UNION ALL SELECT app_role FROM installation LIMIT 1`;
    const role = row!.app_role;
    const password = await rolePassword(input.masterKey, role);
    await ensureLogin(admin, role, password, "NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS");
    const control = quoteIdent(input.controlDatabase);
    await admin.unsafe(
      `GRANT bulkhead_app TO ${quoteIdent(role)} WITH INHERIT TRUE, SET FALSE;
       REVOKE ALL ON DATABASE ${control} FROM PUBLIC;
       GRANT CONNECT ON DATABASE ${control} TO ${quoteIdent(role)}`,
    );
    return withLogin(adminUrl, role, password);
  } finally {
    await admin.end({ timeout: 5 });
  }
}

/**
 * Makes a cluster ready: administrator, hardened base, control database with its roles and schema.
 * Safe to run at every start and on several replicas at once.
 */
export async function bootstrap(input: BootstrapInput): Promise<BootstrapResult> {
  const sql = connect(input.url, { max: 2, name: "bulkhead start" });
  const lock = await sql.reserve();
  try {
    await lock`SELECT pg_advisory_lock(${LOCK})`;
    const [self] = await sql<{ superuser: boolean }[]>`
      SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = current_user`;
    let adminUrl: string;
    if (self!.superuser) {
      adminUrl = await asSuperuser(sql, input);
    } else {
      await asAdministrator(sql, input);
      adminUrl = withDatabase(input.url, input.controlDatabase);
    }
    return { adminUrl, appUrl: await prepareControl(adminUrl, input) };
  } finally {
    // Ending the session frees its lock.
    lock.release();
    await sql.end({ timeout: 5 });
  }
}
