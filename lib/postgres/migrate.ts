import { createHash } from "node:crypto";
import { quoteIdent, type Sql } from "./connect.ts";

/** One forward step of a schema: `NNNN_name.sql`. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

/** Reads a folder of `NNNN_name.sql` files in their order; gaps and doubles are refused. */
export async function readMigrations(folder: URL): Promise<Migration[]> {
  const found: Migration[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const match = /^(\d{4})_(\w+)\.sql$/.exec(entry.name);
    if (!match) throw new Error(`${entry.name} is not named like a migration`);
    const text = await Deno.readTextFile(new URL(entry.name, folder));
    found.push({ version: Number(match[1]), name: match[2]!, text });
  }
  found.sort((a, b) => a.version - b.version);
  found.forEach((migration, index) => {
    if (migration.version !== index + 1) {
      throw new Error(`migration ${migration.version} is not number ${index + 1}`);
    }
  });
  return found;
}

/** A digest of a trail: changes when any step is added or edited. */
export function migrationsDigest(migrations: readonly Migration[]): string {
  const hash = createHash("sha256");
  for (const { version, text } of migrations) hash.update(`${version}\0${text}\0`);
  return hash.digest("hex").slice(0, 16);
}

/**
 * Applies what is missing of a trail, each step in a transaction of its own, and answers the versions
 * applied. `schema` holds the record of applied steps. A step that was edited after it was applied is
 * refused: history is not rewritten. Of several that migrate at once, one applies each step.
 */
export async function migrate(
  sql: Sql,
  migrations: readonly Migration[],
  schema = "public",
): Promise<number[]> {
  const applied: number[] = [];
  await sql.unsafe(
    `CREATE SCHEMA IF NOT EXISTS ${quoteIdent(schema)};
     CREATE TABLE IF NOT EXISTS ${quoteIdent(schema)}.schema_migrations (
       version integer PRIMARY KEY,
       name text NOT NULL,
       digest text NOT NULL,
       applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  );
  for (const migration of migrations) {
    const digest = createHash("sha256").update(migration.text).digest("hex");
    const isNew = await sql.begin(async (tx) => {
      // A lock on the record itself: advisory locks are not to be had in hardened databases.
      await tx`LOCK TABLE ${tx(schema)}.schema_migrations IN SHARE ROW EXCLUSIVE MODE`;
      const [before] = await tx<{ digest: string }[]>`
        SELECT digest FROM ${tx(schema)}.schema_migrations WHERE version = ${migration.version}`;
      if (before?.digest === digest) return false;
      if (before) {
        throw new Error(`migration ${migration.version} was changed after it was applied`);
      }
      await tx.unsafe(migration.text);
      await tx`
        INSERT INTO ${tx(schema)}.schema_migrations (version, name, digest)
        VALUES (${migration.version}, ${migration.name}, ${digest})`;
      return true;
    }).catch((error) => {
      throw new Error(`migration ${migration.version}_${migration.name} failed`, { cause: error });
    });
    if (isNew) applied.push(migration.version);
  }
  return applied;
}
