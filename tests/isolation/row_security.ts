import { quoteIdent, type Sql, sqlState, type Tx } from "../../lib/postgres/mod.ts";

/** Tables that belong to no tenant, each with the reason. */
export const SHARED_TABLES: Readonly<Record<string, string>> = {
  "public.installation": "names this installation's own login; the administrator alone reads it",
  "public.clusters": "names the clusters that endpoints lie on",
  "public.replicas": "the processes that serve, each with a sign of life",
  "public.audit_signing_keys": "signs anchors of every tenant; reached by look-up functions alone",
  "public.schema_migrations": "the trail that was applied; the administrator alone reads it",
};

/** Schemas of libraries, whose tables no request of a tenant ever names. */
export const LIBRARY_SCHEMAS: ReadonlySet<string> = new Set(["jobs"]);

/** A table of the control database. */
export interface Table {
  /** `schema.name`. */
  readonly name: string;
  readonly enabled: boolean;
  readonly forced: boolean;
  /** Columns that an INSERT can give: all but those that Postgres computes. */
  readonly given: readonly string[];
  /** Columns that the application's role may change. */
  readonly updatable: readonly string[];
  readonly hasTenant: boolean;
  /** Whether it is a part of another, through which alone it is reached. */
  readonly partition: boolean;
}

/** Every table of the control database outside of libraries' schemas, from the catalogue. */
export async function controlTables(superuser: Sql): Promise<Table[]> {
  const rows = await superuser<(Table & { schema: string })[]>`
    SELECT n.nspname AS schema, n.nspname || '.' || c.relname AS name,
      c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
      c.relispartition AS partition,
      to_jsonb(ARRAY(SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '')) AS given,
      to_jsonb(ARRAY(SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND has_column_privilege('bulkhead_app', c.oid, a.attnum, 'UPDATE'))) AS updatable,
      EXISTS (SELECT FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS "hasTenant"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname !~ '^pg_(toast|temp_)'
    ORDER BY name`;
  return rows.filter(({ schema }) => !LIBRARY_SCHEMAS.has(schema)).map((row) => ({ ...row }));
}

/** A person's, whichever tenant they are in. */
const ofMember = (tenant: string) =>
  `user_id IN (SELECT user_id FROM public.members WHERE tenant_id = ${tenant})`;

/** Tables whose rows are a tenant's in another way than by `tenant_id`. */
const OTHERWISE_OWNED: Readonly<Record<string, (tenant: string) => string>> = {
  "public.tenants": (tenant) => `id = ${tenant}`,
  // A person is seen by who shares a tenant with them.
  "public.users": (tenant) =>
    `id IN (SELECT user_id FROM public.members WHERE tenant_id = ${tenant})`,
  // A person's, whichever tenant they are in: the look-up functions alone reach them.
  "public.challenges": (tenant) =>
    `user_id IN (SELECT user_id FROM public.members WHERE tenant_id = ${tenant})`,
  ...Object.fromEntries(
    ["passkeys", "authenticators", "recovery_codes", "pending_sign_ins", "factor_tries"].map((
      table,
    ) => [`public.${table}`, ofMember]),
  ),
  "public.passkey_challenges": ofMember,
  "public.known_places": ofMember,
  "public.session_tokens": (tenant) =>
    `session_id IN (SELECT id FROM public.sessions WHERE tenant_id = ${tenant})`,
};

/** The condition under which a table's row is a tenant's. */
function ownedBy(table: string, tenant: string): string {
  const literal = `'${tenant}'::uuid`;
  return OTHERWISE_OWNED[table]?.(literal) ?? `tenant_id = ${literal}`;
}

const quoted = (table: string) => table.split(".").map(quoteIdent).join(".");

/** The SQLSTATE of a refusal, or the rows that a statement answered. */
async function attempt(tx: Tx, statement: string): Promise<string | readonly unknown[]> {
  await tx`SAVEPOINT attempt`;
  try {
    const rows = await tx.unsafe(statement);
    return [...rows];
  } catch (error) {
    return sqlState(error) ?? String(error);
  } finally {
    await tx`ROLLBACK TO SAVEPOINT attempt`;
  }
}

const INSUFFICIENT_PRIVILEGE = "42501";

/** What is wrong with a table's walls, as the application's role finds it; nothing where they stand. */
export async function faultsOf(
  superuser: Sql,
  app: Sql,
  table: Table,
  tenants: { readonly mine: string; readonly other: string },
): Promise<string[]> {
  if (table.name in SHARED_TABLES) return [];
  const faults: string[] = [];
  const fault = (text: string) => void faults.push(`${table.name} ${text}`);
  if (!table.enabled || !table.forced) fault("has no FORCE ROW LEVEL SECURITY");
  if (!table.hasTenant && !(table.name in OTHERWISE_OWNED)) {
    return [...faults, `${table.name} carries no tenant_id, and is not listed as shared`];
  }
  const name = quoted(table.name);
  if (table.partition) return [...faults, ...await reachableFaults(app, table, tenants.mine)];
  const count = async (tenant: string) => {
    const [row] = await superuser.unsafe(
      `SELECT count(*)::int AS count FROM ${name} WHERE ${ownedBy(table.name, tenant)}`,
    );
    return row!["count"] as number;
  };
  const [mine, others] = [await count(tenants.mine), await count(tenants.other)];
  if (!mine || !others) fault("holds no rows of both tenants, so nothing is shown");

  // Which rows there are, told apart without a column that the role may not read.
  const seen = `SELECT ctid FROM ${name}`;
  const visible = async (tx: Tx) => await attempt(tx, seen);
  await rolledBack(app, async (tx) => {
    const rows = await visible(tx);
    if (typeof rows === "string" ? rows !== INSUFFICIENT_PRIVILEGE : rows.length) {
      fault(`shows ${JSON.stringify(rows).slice(0, 80)} where no tenant is set`);
    }
  });
  await rolledBack(app, async (tx) => {
    await tx`SELECT set_config('bulkhead.tenant_id', ${tenants.mine}, true)`;
    const rows = await visible(tx);
    if (typeof rows === "string") {
      if (rows !== INSUFFICIENT_PRIVILEGE) fault(`answers ${rows}`);
    } else if (rows.length !== mine) fault(`shows ${rows.length} rows of ${mine}`);
    const theirs = ownedBy(table.name, tenants.other);
    const [column] = table.updatable;
    const changes = [
      `DELETE FROM ${name} WHERE ${theirs}`,
      ...(column
        ? [`UPDATE ${name} SET ${quoteIdent(column)} = ${quoteIdent(column)} WHERE ${theirs}`]
        : []),
    ];
    for (const change of changes) {
      const changed = await attempt(tx, `${change} RETURNING ctid`);
      if (typeof changed === "string" ? changed !== INSUFFICIENT_PRIVILEGE : changed.length) {
        fault(`lets through ${change}: ${JSON.stringify(changed).slice(0, 80)}`);
      }
    }
    if (table.name in OTHERWISE_OWNED) return;
    // One of one's own rows, given to the other tenant.
    const columns = table.given.map(quoteIdent).join(", ");
    const given = await attempt(
      tx,
      `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM (
         SELECT (jsonb_populate_record(
           NULL::${name}, to_jsonb(t) || '{"tenant_id": "${tenants.other}"}')).*
         FROM ${name} t LIMIT 1
       ) AS mine`,
    );
    if (given !== INSUFFICIENT_PRIVILEGE) fault(`lets a row be given away: ${given}`);
  });
  return faults;
}

/** What the application's role can do to a partition by its own name: nothing where all is well. */
async function reachableFaults(app: Sql, table: Table, tenant: string): Promise<string[]> {
  const name = quoted(table.name);
  const faults: string[] = [];
  await rolledBack(app, async (tx) => {
    await tx`SELECT set_config('bulkhead.tenant_id', ${tenant}, true)`;
    for (
      const statement of [
        `SELECT ctid FROM ${name}`,
        `INSERT INTO ${name} (tenant_id) VALUES ('${tenant}')`,
        `UPDATE ${name} SET tenant_id = '${tenant}'`,
        `DELETE FROM ${name}`,
      ]
    ) {
      const found = await attempt(tx, statement);
      if (found !== INSUFFICIENT_PRIVILEGE) faults.push(`${table.name} is reached by ${statement}`);
    }
  });
  return faults;
}

/** Runs in a transaction that leaves nothing behind. */
async function rolledBack(app: Sql, work: (tx: Tx) => Promise<void>): Promise<void> {
  const enough = new Error("enough");
  await app.begin(async (tx) => {
    await work(tx as unknown as Tx);
    throw enough;
  }).catch((error) => {
    if (error !== enough) throw error;
  });
}
