import { connect, quoteIdent, type Sql } from "../connect.ts";
import { randomName } from "../../ids.ts";
import { sqlState } from "../sqlstate.ts";
import { migrate, type Migration, migrationsDigest } from "../migrate.ts";

/** The hardened database from which templates descend. */
export const BASE_DATABASE = "bulkhead_base";

// Held while a template is made, so that two processes of one installation make one.
const LOCK = 0x62756c6c;

// Both are told of a name that is taken: by the check before, and by the index where two came at once.
const NAME_TAKEN: ReadonlySet<unknown> = new Set(["42P04", "23505"]);

async function exists(admin: Sql, name: string): Promise<boolean> {
  const rows = await admin`SELECT FROM pg_catalog.pg_database WHERE datname = ${name}`;
  return rows.length > 0;
}

/**
 * Answers the name of the template database for a trail of tenant migrations, making it where it is
 * missing: the base database with the trail applied, closed to connections. The name carries the
 * trail's digest, so that a new release makes a new template and an old one stays usable.
 */
export async function ensureTemplate(
  admin: Sql,
  adminUrl: string,
  migrations: readonly Migration[],
): Promise<string> {
  const name = `bh_template_${migrationsDigest(migrations)}`;
  if (await exists(admin, name)) return name;
  const connection = await admin.reserve();
  try {
    await connection`SELECT pg_advisory_lock(${LOCK})`;
    if (await exists(admin, name)) return name;
    // A name of its own: another installation in this cluster does not see the lock, which is a database's.
    const draftName = `${name}_${randomName(8)}`;
    const draft = quoteIdent(draftName);
    await connection.unsafe(`CREATE DATABASE ${draft} TEMPLATE ${quoteIdent(BASE_DATABASE)}`);
    await connection.unsafe(`REVOKE ALL ON DATABASE ${draft} FROM PUBLIC`);
    const url = new URL(adminUrl);
    url.pathname = `/${draftName}`;
    const inside = connect(url.href, { max: 2, name: "bulkhead template" });
    try {
      // pg_database_owner stands for the owner of whichever database the template becomes.
      await inside.unsafe(`CREATE SCHEMA bulkhead AUTHORIZATION pg_database_owner`);
      await migrate(inside, migrations, "bulkhead");
      await inside.unsafe(`ALTER TABLE bulkhead.schema_migrations OWNER TO pg_database_owner`);
    } finally {
      await inside.end({ timeout: 5 });
    }
    await connection.unsafe(`ALTER DATABASE ${draft} ALLOW_CONNECTIONS false`);
    try {
      await connection.unsafe(`ALTER DATABASE ${draft} RENAME TO ${quoteIdent(name)}`);
    } catch (error) {
      if (!NAME_TAKEN.has(sqlState(error))) throw error;
      await connection.unsafe(`DROP DATABASE ${draft}`);
    }
    return name;
  } finally {
    await connection`SELECT pg_advisory_unlock(${LOCK})`;
    connection.release();
  }
}
