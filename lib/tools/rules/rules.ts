import { requireStanding } from "../../auth/mod.ts";
import { SLUGS } from "../../endpoints/mod.ts";
import { AppError } from "../../errors.ts";
import { type ChangeId, newId } from "../../ids.ts";
import { changedBy } from "../../journal/mod.ts";
import type { Sql, Tx } from "../../postgres/mod.ts";
import { type EndpointScope, reachedIn } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { rebuildManifest } from "../manifest/rebuild.ts";
import { hint, quoted } from "../names.ts";
import { asOwner } from "./as_owner.ts";
import { checkRules } from "./check.ts";
import { policySql } from "./policy.ts";
import {
  beginRules,
  countRows,
  insertRulesEntry,
  putRules,
  selectTables,
  tryPolicy,
} from "./rules_store.ts";
import type { RuledTable, TableRules } from "./shape.ts";
import { isWaiting } from "./waiting_store.ts";

const unknownTable = (name: string, known: readonly string[]) =>
  new AppError("UNKNOWN_TABLE", `no table ${quoted(name)}; ${hint(name, known, "tables")}`);

/** The tables as their owner sees them, without those that the credential does not reach. */
async function reachedRules(sql: Sql, scope: EndpointScope): Promise<RuledTable[]> {
  const reached = reachedIn(scope);
  const tables = await selectTables(sql, null);
  return reached === null ? tables : tables.filter(({ name }) => reached.includes(name));
}

async function findRuled(sql: Sql | Tx, name: string): Promise<RuledTable> {
  const [table] = await selectTables(sql, name);
  if (table) return table;
  const known = (await selectTables(sql, null)).map((other) => other.name);
  throw unknownTable(name, known);
}

/** Every table as its owner sees it, with its rules. */
export function readRules(services: Services, scope: EndpointScope): Promise<RuledTable[]> {
  return asOwner(services, scope, (sql) => reachedRules(sql, scope));
}

/**
 * One table as its owner sees it, with its rules.
 *
 * @throws AppError UNKNOWN_TABLE.
 */
export function readTableRules(
  services: Services,
  scope: EndpointScope,
  table: string,
): Promise<RuledTable> {
  return asOwner(services, scope, async (sql) => {
    const tables = await reachedRules(sql, scope);
    const found = tables.find(({ name }) => name === table);
    if (found) return found;
    throw unknownTable(table, tables.map(({ name }) => name));
  });
}

/**
 * How many rows a row filter would leave of a table; null where counting takes more than seconds.
 *
 * @throws AppError UNKNOWN_TABLE, UNKNOWN_COLUMN, INVALID_ARGUMENTS.
 */
export function previewRows(
  services: Services,
  scope: EndpointScope,
  table: string,
  rowFilter: TableRules["rowFilter"],
): Promise<{ visible: number; total: number } | null> {
  return asOwner(services, scope, async (sql) => {
    const ruled = await findRuled(sql, table);
    return await countRows(sql, table, rowFilter ? policySql(ruled, rowFilter) : "true");
  });
}

/** Rules as the journal and `/v1` have them. */
export function rulesJson(rules: TableRules): Record<string, unknown> {
  return {
    hidden: rules.hidden,
    read_only: rules.readOnly,
    insert: rules.insert,
    update: rules.update,
    delete: rules.delete,
    row_filter: rules.rowFilter,
  };
}

/** In the table's own order and each once, so that what says the same looks the same. */
function ordered(table: RuledTable, rules: TableRules): TableRules {
  const hidden = new Set(rules.hidden);
  const readOnly = new Set(rules.readOnly);
  const names = table.columns.map(({ name }) => name);
  return {
    ...rules,
    hidden: names.filter((name) => hidden.has(name)),
    // What is hidden is written by nobody either.
    readOnly: names.filter((name) => readOnly.has(name) && !hidden.has(name)),
  };
}

/**
 * Sets what agents may see and change of a table: in its grants and its row policy, in the journal (and
 * so in the audit log), and in the tools.
 *
 * @throws AppError ACCESS_DENIED to who is neither owner nor admin; UNKNOWN_TABLE, UNKNOWN_COLUMN,
 * INVALID_ARGUMENTS; UNAVAILABLE where the table is busy, with nothing changed.
 */
export async function setRules(
  services: Services,
  scope: EndpointScope,
  table: string,
  wanted: TableRules,
): Promise<void> {
  const { id, slug } = scope.endpoint;
  const refusal = "Owners and admins set field rules, and their tokens.";
  await requireStanding(services, scope, "rules:write", refusal);
  await services.relays.want(scope.endpoint);
  await asOwner(services, scope, (sql) =>
    sql.begin(async (tx) => {
      await beginRules(tx);
      const ruled = await findRuled(tx, table);
      checkRules(ruled, wanted);
      const rules = ordered(ruled, wanted);
      const condition = rules.rowFilter === null ? null : policySql(ruled, rules.rowFilter);
      await putRules(tx, table, rules, condition);
      // Of a table that waits nobody can be tried as; it is tried when it is opened.
      const tried = condition !== null && rules.hidden.length < ruled.columns.length;
      if (tried && !await isWaiting(tx, table)) await tryPolicy(tx, table);
      const [before, after] = [rulesJson(ruled.rules), rulesJson(rules)];
      if (JSON.stringify(before) === JSON.stringify(after)) return;
      await insertRulesEntry(tx, {
        change: newId<ChangeId>(),
        table,
        before,
        after,
        by: changedBy(scope, "set_rules"),
      });
    }));
  services.relays.wake(id);
  await rebuildManifest(services, scope, "field rules changed");
  await services.replicas.forget(SLUGS.name, [slug]);
}
