import { scramVerifier } from "../../crypto/mod.ts";
import { connect, quoteIdent, quoteLiteral, type Sql } from "../connect.ts";
import { migrate, type Migration } from "../migrate.ts";
import type {
  DatabaseNames,
  DatabaseSpec,
  DatabaseUrls,
  Login,
  Provisioner,
} from "./provisioner.ts";

/** Bounds that every role carries. A role can change its own: the product's sessions name them again. */
export const ROLE_SETTINGS: Readonly<
  Record<"owner" | "writer" | "reader", Record<string, string>>
> = {
  owner: { idle_in_transaction_session_timeout: "10min", lock_timeout: "30s" },
  writer: {
    statement_timeout: "15s",
    idle_in_transaction_session_timeout: "15s",
    lock_timeout: "5s",
  },
  reader: {
    statement_timeout: "15s",
    idle_in_transaction_session_timeout: "15s",
    lock_timeout: "5s",
    default_transaction_read_only: "on",
  },
};

// Room for several processes, each with pools of its own, that serve the same endpoint.
const CONNECTION_LIMIT = { owner: 12, writer: 30, reader: 60 };

/** Kilobytes of temporary files that one session may fill. */
const TEMP_FILE_LIMIT_KB = 1024 * 1024;

/**
 * Makes databases on one Postgres cluster through its administrator's connection.
 *
 * @param adminUrl A role with CREATEDB and CREATEROLE that is no superuser.
 * @param template Answers the name of the template database, making it where it is missing.
 * @param migrations The trail that the template was made of, for databases of earlier releases.
 */
export function clusterProvisioner(
  adminUrl: string,
  template: (admin: Sql) => Promise<string>,
  migrations: readonly Migration[],
): Provisioner {
  const admin = connect(adminUrl, {
    max: 3,
    name: "bulkhead provisioner",
    // The administrator makes the endpoint's owner role and then a database that belongs to it.
    settings: { createrole_self_grant: "set, inherit" },
  });
  let templateName: Promise<string> | undefined;
  let mayLimitTempFiles: Promise<boolean> | undefined;

  function url(spec: DatabaseSpec, login: Login): string {
    const out = new URL(adminUrl);
    out.username = login.role;
    out.password = login.password;
    out.pathname = `/${spec.databaseName}`;
    return out.href;
  }

  async function createRole(kind: keyof typeof ROLE_SETTINGS, login: Login): Promise<string> {
    const role = quoteIdent(login.role);
    const settings = { ...ROLE_SETTINGS[kind] };
    mayLimitTempFiles ??= admin<{ may: boolean }[]>`
      SELECT has_parameter_privilege('temp_file_limit', 'SET') AS may`.then((rows) => rows[0]!.may);
    if (kind !== "owner" && await mayLimitTempFiles) {
      settings["temp_file_limit"] = String(TEMP_FILE_LIMIT_KB);
    }
    const verifier = quoteLiteral(await scramVerifier(login.password));
    return [
      `CREATE ROLE ${role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION ` +
      `CONNECTION LIMIT ${CONNECTION_LIMIT[kind]} PASSWORD ${verifier}`,
      ...Object.entries(settings).map(([name, value]) =>
        `ALTER ROLE ${role} SET ${name} = ${quoteLiteral(value)}`
      ),
    ].join(";\n");
  }

  /**
   * What the template cannot carry, since it names the roles. The owner may act as the writer, so that
   * what a person lets happen passes the same grants as what happens at once.
   */
  async function grantInside(owner: Sql, names: DatabaseNames): Promise<void> {
    const [owns, writes] = [quoteIdent(names.ownerRole), quoteIdent(names.writerRole)];
    await admin.unsafe(`GRANT ${writes} TO ${owns} WITH INHERIT FALSE, SET TRUE`);
    await owner.unsafe(
      `GRANT USAGE ON SCHEMA public TO ${writes}, ${quoteIdent(names.readerRole)}`,
    );
    await owner`
      INSERT INTO bulkhead.access (reader, writer) VALUES (${names.readerRole}, ${names.writerRole})
      ON CONFLICT DO NOTHING`;
  }

  async function asOwner<T>(url: string, work: (owner: Sql) => Promise<T>): Promise<T> {
    const owner = connect(url, { max: 1, name: "bulkhead provisioner" });
    try {
      return await work(owner);
    } finally {
      await owner.end({ timeout: 5 });
    }
  }

  const namesOf = (spec: DatabaseSpec): DatabaseNames => ({
    databaseName: spec.databaseName,
    ownerRole: spec.owner.role,
    writerRole: spec.writer.role,
    readerRole: spec.reader.role,
  });

  async function remove(names: DatabaseNames): Promise<void> {
    // FORCE ends sessions that are still open; roles can go only after what they own.
    await admin.unsafe(
      `DROP DATABASE IF EXISTS ${quoteIdent(names.databaseName)} WITH (FORCE)`,
    );
    const roles = [names.ownerRole, names.writerRole, names.readerRole].map(quoteIdent).join(", ");
    await admin.unsafe(`DROP ROLE IF EXISTS ${roles}`);
  }

  return {
    urls: (spec): DatabaseUrls => ({
      owner: url(spec, spec.owner),
      writer: url(spec, spec.writer),
      reader: url(spec, spec.reader),
    }),
    async provision(spec) {
      const database = quoteIdent(spec.databaseName);
      const [owner, writer, reader] = [spec.owner, spec.writer, spec.reader].map((login) =>
        quoteIdent(login.role)
      );
      try {
        templateName ??= template(admin);
        templateName.catch(() => templateName = undefined);
        const from = quoteIdent(await templateName);
        await admin.unsafe([
          await createRole("owner", spec.owner),
          await createRole("writer", spec.writer),
          await createRole("reader", spec.reader),
        ].join(";\n"));
        // A template does not pass on its own grants: closed until CONNECT is taken from PUBLIC.
        await admin.unsafe(
          `CREATE DATABASE ${database} TEMPLATE ${from} OWNER ${owner} ALLOW_CONNECTIONS false`,
        );
        await admin.unsafe(
          `REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
           GRANT CONNECT ON DATABASE ${database} TO ${owner}, ${writer}, ${reader};
           ALTER DATABASE ${database} ALLOW_CONNECTIONS true`,
        );
        await asOwner(url(spec, spec.owner), (sql) => grantInside(sql, namesOf(spec)));
      } catch (error) {
        await remove(namesOf(spec));
        throw error;
      }
    },
    schemaVersion: migrations.length,
    upgrade: (ownerUrl, names) =>
      asOwner(ownerUrl, async (sql) => {
        await migrate(sql, migrations, "bulkhead");
        await grantInside(sql, names);
        await sql`SELECT bulkhead.apply_access_everywhere()`;
      }),
    async exists({ databaseName }) {
      const [row] = await admin`SELECT FROM pg_database WHERE datname = ${databaseName}`;
      return row !== undefined;
    },
    remove,
    close: () => admin.end({ timeout: 5 }),
  };
}
