import assert from "node:assert/strict";
import { createEndpoint, enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import {
  callTool,
  type CompiledManifest,
  loadManifest,
  OPEN_RULES,
  rebuildManifest,
  setRules,
  setWrites,
  type TableRules,
} from "../../lib/tools/mod.ts";
import { type StoredReach, tableReach } from "../../lib/table_reach.ts";
import { testServices, type TestTenant, testTenant } from "../harness/mod.ts";

/** Hidden columns: named so that no misspelling of a visible one comes near. */
export const HIDDEN = {
  email: "hxqzvkwpjdbn_email",
  pay: "hxqzvkwpjdbn_pay",
  born: "hxqzvkwpjdbn_born",
  memo: "hxqzvkwpjdbn_memo",
  mail: "hxqzvkwpjdbn_mail",
  budget: "hxqzvkwpjdbn_budget",
  badge: "hxqzvkwpjdbn_badge",
  grade: "hxqzvkwpjdbn_grade",
} as const;

/** A table that is hidden whole. */
export const HIDDEN_TABLE = "jwfqyzkvault";

/** Stand in hidden columns and in filtered rows alone. */
export const CANARIES = {
  text: "canarytext",
  number: "918273",
  date: "1913-05-17",
} as const;

const { text, number, date } = CANARIES;

// What only the real endpoint has is between the marks ‹ and ›: its twin is made of what is left.
const TABLES = `
  CREATE TABLE region (code text PRIMARY KEY, name text ‹, ${HIDDEN.budget} numeric›);
  CREATE TABLE customer (
    id int PRIMARY KEY, name text NOT NULL, ‹${HIDDEN.email} text UNIQUE, ›segment text,
    region_code text REFERENCES region, note text, credit numeric(14,2), since date
    ‹, ${HIDDEN.pay} numeric, ${HIDDEN.born} date›
  );
  ‹CREATE INDEX customer_search_idx ON customer USING gin (
    to_tsvector('simple'::regconfig, coalesce(name, '') || ' ' || coalesce(${HIDDEN.email}, '')));
  CREATE INDEX ON customer (segment, ${HIDDEN.pay});›
  CREATE TABLE purchase (
    id int PRIMARY KEY, customer_id int, code text NOT NULL UNIQUE, amount numeric(14,2), at timestamptz
    ‹, ${HIDDEN.memo} text NOT NULL DEFAULT '${text} memo',
    ${HIDDEN.mail} text REFERENCES customer (${HIDDEN.email})›
  );
  CREATE INDEX purchase_search_idx ON purchase USING gin (to_tsvector('simple'::regconfig, code));
  CREATE TABLE item (
    id int PRIMARY KEY, purchase_id int REFERENCES purchase, label text, qty int
    ‹, ${HIDDEN.grade} text DEFAULT 'open'›
  );
  CREATE TABLE staff (‹${HIDDEN.badge} text PRIMARY KEY, ›name text, level int);
  ‹CREATE TABLE ${HIDDEN_TABLE} (id int PRIMARY KEY, secret text);›
  CREATE TABLE review (id int PRIMARY KEY, vault_id int, body text
    ‹, FOREIGN KEY (vault_id) REFERENCES ${HIDDEN_TABLE}›);

  INSERT INTO region SELECT c, 'Region ' || c FROM unnest('{no,se,dk,fi}'::text[]) c;
  INSERT INTO customer (id, name, segment, region_code, note, credit, since)
  SELECT i, 'Customer ' || i % 7, 'open', (ARRAY['no','se','dk',NULL])[1 + i % 4],
    CASE WHEN i % 3 > 0 THEN 'note ' || i END, i * 10.5, date '2020-01-01' + i * 40
  FROM generate_series(1, 14) i;
  INSERT INTO purchase (id, customer_id, code, amount, at)
  SELECT i, 1 + i % 14, 'code ' || i, i * 3.25,
    timestamptz '2026-01-01Z' + i * interval '9 hours'
  FROM generate_series(1, 30) i;
  INSERT INTO item (id, purchase_id, label, qty)
  SELECT i, 1 + i % 30, 'label ' || i % 4, i % 9 FROM generate_series(1, 40) i;
  INSERT INTO staff (name, level‹, ${HIDDEN.badge}›)
  SELECT 'Staff ' || i, i % 3‹, '${text} badge ' || (100 - i)› FROM generate_series(1, 6) i;
  ‹INSERT INTO ${HIDDEN_TABLE} SELECT i, '${text} secret' FROM generate_series(1, 5) i;›
  INSERT INTO review (id, vault_id, body) SELECT i, i, 'body ' || i FROM generate_series(1, 5) i;

  ‹UPDATE region SET ${HIDDEN.budget} = ${number}.5 + length(name);
  UPDATE customer SET ${HIDDEN.email} = '${text} ' || (50 - id) || '@x.example',
    ${HIDDEN.pay} = ${number}.25 + id, ${HIDDEN.born} = date '${date}';
  INSERT INTO customer (id, name, segment, region_code, note, credit, since, ${HIDDEN.email})
  SELECT i, '${text} name', 'shut', 'fi', '${text} note', ${number}.75, date '${date}', '${text} ' || i
  FROM generate_series(101, 108) i;
  INSERT INTO customer (id, name, note) VALUES (109, '${text} null', '${text} note');
  UPDATE purchase SET ${HIDDEN.memo} = '${text} memo ' || (60 - id), ${HIDDEN.mail} = '${text} 103';
  INSERT INTO purchase (id, customer_id, code, amount)
  SELECT i, i, '${text} code ' || i, -${number}.5 FROM generate_series(101, 105) i;
  INSERT INTO item (id, purchase_id, label, qty, ${HIDDEN.grade})
  SELECT i, i, '${text} label', ${number}, 'shut' FROM generate_series(101, 105) i;›

  «REFERENCES»
  ALTER TABLE purchase ADD FOREIGN KEY (customer_id) REFERENCES customer NOT VALID;`;

const condition = (column: string, op: string, value: unknown) => ({ column, op, value });

// Rows that show point to rows that do not: read only, since a key betrays itself to whoever writes it.
const REFERENCES = "UPDATE purchase SET customer_id = 101 + id % 3 WHERE id % 5 = 0 AND id < 100;";

/** The rules of each table; of the twin's, what is said of columns that it does not have is left out. */
const RULES: Readonly<Record<string, Partial<TableRules>>> = {
  // A region that filtered customers alone refer to could not be deleted: see the how-to.
  region: { hidden: [HIDDEN.budget], delete: false },
  customer: {
    hidden: [HIDDEN.email, HIDDEN.pay, HIDDEN.born],
    readOnly: ["since"],
    rowFilter: condition("segment", "eq", "open"),
  },
  purchase: {
    hidden: [HIDDEN.memo, HIDDEN.mail],
    rowFilter: { and: [condition("amount", "gte", 0), condition("code", "like", "%")] },
  },
  item: { hidden: [HIDDEN.grade], rowFilter: condition(HIDDEN.grade, "eq", "open") },
  staff: { hidden: [HIDDEN.badge], insert: false, update: false, delete: false },
  review: { readOnly: ["vault_id"], delete: false },
  [HIDDEN_TABLE]: { hidden: ["id", "secret"], insert: false, update: false, delete: false },
};

/** The columns that each table shows. */
export const VISIBLE: Readonly<Record<string, readonly string[]>> = {
  region: ["code", "name"],
  customer: ["id", "name", "segment", "region_code", "note", "credit", "since"],
  purchase: ["id", "customer_id", "code", "amount", "at"],
  item: ["id", "purchase_id", "label", "qty"],
  staff: ["name", "level"],
  review: ["id", "vault_id", "body"],
};

/** One of the two endpoints, as an agent has it. */
export interface Side {
  readonly scope: EndpointScope;
  readonly manifest: CompiledManifest;
  call(tool: string, args: unknown): Promise<{ isError: boolean; text: string; whole: string }>;
  /** Runs SQL as the owner. */
  owner(sql: string): Promise<void>;
  /** Sees again what the endpoint is now. */
  refresh(): Promise<Side>;
}

async function side(
  services: Services,
  tenant: TestTenant,
  slug: string,
  reach?: StoredReach,
): Promise<Side> {
  const whole = await enterEndpoint(
    services,
    tenant.scope,
    slug as EndpointScope["endpoint"]["slug"],
  );
  const tables = reach && new Map([[whole.endpoint.id, tableReach(reach)]]);
  const scope = tables ? { ...whole, principal: { ...whole.principal, tables } } : whole;
  const manifest = await loadManifest(services, scope);
  return {
    scope,
    manifest,
    async call(tool, args) {
      const { isError, text, structured } = await callTool(services, scope, manifest, tool, args);
      return { isError, text, whole: `${text}\n${structured ?? ""}` };
    },
    async owner(sql) {
      const lease = await openEndpoint(services, scope, "owner");
      await lease.sql.unsafe(sql).finally(lease.release);
    },
    async refresh() {
      await rebuildManifest(services, scope, "test");
      return await side(services, tenant, slug, reach);
    },
  };
}

/** The twin's filter lets through all that it has. That a table is filtered at all is no secret. */
function twinFilter({ rowFilter = null }: Partial<TableRules>): TableRules["rowFilter"] {
  const onHidden = JSON.stringify(rowFilter).includes(HIDDEN.grade);
  return onHidden ? condition("id", "is_null", false) : rowFilter;
}

async function makeSide(
  services: Services,
  tenant: TestTenant,
  real: boolean,
  references: boolean,
  reach?: StoredReach,
): Promise<Side> {
  const scope = await createEndpoint(services, tenant.scope, "data");
  const made = await side(services, tenant, scope.endpoint.slug, reach);
  const sql = TABLES.replace("«REFERENCES»", references ? REFERENCES : "");
  await made.owner(real ? sql.replace(/[‹›]/g, "") : sql.replace(/‹[^›]*›/g, ""));
  for (const [table, rules] of Object.entries(RULES)) {
    const kept = real ? rules : { ...rules, hidden: [], rowFilter: twinFilter(rules) };
    // What a reach leaves out is open to everybody else.
    if (table !== HIDDEN_TABLE || real && !reach) {
      await setRules(services, scope, table, { ...OPEN_RULES, ...kept });
    }
  }
  await setWrites(services, scope, "direct");
  return await made.refresh();
}

/**
 * Two endpoints that an agent must not be able to tell apart: one with hidden columns and filtered rows,
 * and its twin, which has never had them.
 */
export interface HiddenWorld extends AsyncDisposable {
  readonly services: Services;
  readonly real: Side;
  readonly twin: Side;
}

/**
 * Makes the two.
 *
 * @param references Whether rows that show refer to rows that do not.
 * @param reach Of whoever calls: the table that is hidden whole is left out by this, not by a rule.
 */
export async function makeHiddenWorld(
  { references = true, reach }: { references?: boolean; reach?: StoredReach } = {},
): Promise<HiddenWorld> {
  const test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const real = await makeSide(services, tenant, true, references, reach);
  const twin = await makeSide(services, tenant, false, references, reach);
  assert.deepEqual([...real.manifest.tables.keys()], [...twin.manifest.tables.keys()]);
  return { services, real, twin, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}
