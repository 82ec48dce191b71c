import { sha256Hex } from "../crypto/mod.ts";
import { connect, quoteIdent, quoteLiteral, type Sql } from "./connect.ts";
import { BASE_DATABASE } from "./provision/template.ts";

interface Descendant {
  readonly name: string;
  readonly open: boolean;
  /** Whether nobody but this connects to it. */
  readonly isTemplate: boolean;
}

/** Runs the hardening inside one database; a template is opened for as long. */
async function hardenOne(
  superuser: Sql,
  url: string,
  hardening: string,
  { name, isTemplate }: Descendant,
): Promise<void> {
  const allow = (whether: boolean) =>
    superuser.unsafe(`ALTER DATABASE ${quoteIdent(name)} ALLOW_CONNECTIONS ${whether}`);
  const inside = new URL(url);
  inside.pathname = `/${name}`;
  if (isTemplate) await allow(true);
  const sql = connect(inside.href, { max: 1, name: "bulkhead hardening" });
  try {
    await sql.unsafe(hardening);
  } finally {
    await sql.end({ timeout: 5 });
    if (isTemplate) await allow(false);
  }
}

/**
 * Runs the hardening in the base database and in everything that was cloned from it, where it is not what
 * it was when that was done last. The base database's comment says which that was.
 *
 * @param url The superuser's.
 */
export async function hardenDescendants(
  superuser: Sql,
  url: string,
  hardening: string,
): Promise<void> {
  const digest = sha256Hex(hardening);
  const [base] = await superuser<{ done: string | null }[]>`
    SELECT shobj_description(oid, 'pg_database') AS done FROM pg_database
    WHERE datname = ${BASE_DATABASE}`;
  if (base?.done === digest) return;
  const databases = await superuser<Descendant[]>`
    SELECT datname AS name, datallowconn AS open,
      datname = ${BASE_DATABASE} OR starts_with(datname, 'bh_template_') AS "isTemplate"
    FROM pg_database
    WHERE datname = ${BASE_DATABASE} OR starts_with(datname, 'bh_')
    ORDER BY "isTemplate" DESC, datname`;
  // An endpoint's database that is closed is being made right now, perhaps of a template as it was:
  // the next start comes back to it.
  let complete = true;
  for (const database of databases) {
    if (!database.open && !database.isTemplate) {
      complete = false;
      continue;
    }
    try {
      await hardenOne(superuser, url, hardening, database);
    } catch (error) {
      const left = await superuser`SELECT FROM pg_database WHERE datname = ${database.name}`;
      if (left.length) throw error;
    }
  }
  if (!complete) return;
  await superuser.unsafe(
    `COMMENT ON DATABASE ${quoteIdent(BASE_DATABASE)} IS ${quoteLiteral(digest)}`,
  );
}
