import { AppError } from "../../errors.ts";
import type { CompiledManifest, Table } from "../manifest/compile.ts";
import { findTable, quoted } from "../names.ts";
import { columnField, type Field } from "./field.ts";
import { type Source, tableSource, unknownColumn } from "./source.ts";
import { quoteIdent } from "../../postgres/mod.ts";

/** One joined table as a caller gives it. */
export interface JoinArg {
  readonly table: string;
  /** The name under which columns refer to it; its own by default. */
  readonly as?: string | undefined;
  /** The earlier name that it is joined to; found where only one fits. */
  readonly from?: string | undefined;
  /** A column of the foreign key, where several connect the two. */
  readonly on?: string | undefined;
  /** Whether rows without a match stay. */
  readonly optional?: boolean | undefined;
}

interface Joined {
  readonly name: string;
  readonly alias: string;
  readonly table: Table;
  readonly optional: boolean;
  /** Whether one row before can meet several here. */
  readonly many: boolean;
}

/** A foreign key between an earlier table and the one to be joined, in either direction. */
interface Link {
  readonly from: Joined;
  readonly pairs: readonly (readonly [string, string])[];
  /** The columns that name the link: the referring side's. */
  readonly columns: readonly string[];
  readonly many: boolean;
}

function linksBetween(from: Joined, to: Table): Link[] {
  const links: Link[] = [];
  for (const key of from.table.foreignKeys) {
    if (key.table !== to.name) continue;
    const pairs = key.columns.map((column, i) => [column, key.references[i]!] as const);
    links.push({ from, pairs, columns: key.columns, many: false });
  }
  for (const key of to.foreignKeys) {
    if (key.table !== from.table.name) continue;
    const pairs = key.columns.map((column, i) => [key.references[i]!, column] as const);
    // Of a table that refers to itself, the way back goes by the column that is referred to.
    const columns = to.name === from.table.name ? key.references : key.columns;
    links.push({ from, pairs, columns, many: true });
  }
  return links;
}

/** The tables between two that foreign keys do not connect directly; null where no way leads there. */
function wayBetween(manifest: CompiledManifest, from: readonly Table[], to: Table) {
  const before = new Map<string, string | null>(from.map((table) => [table.name, null]));
  const queue = from.map((table) => table.name);
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (name === to.name) {
      const way: string[] = [];
      for (let at: string | null = name; at !== null; at = before.get(at)!) way.unshift(at);
      return way;
    }
    const outward = manifest.tables.get(name)!.foreignKeys.map((key) => key.table);
    const inward = [...manifest.tables.values()].filter((table) =>
      table.foreignKeys.some((key) => key.table === name)
    ).map((table) => table.name);
    for (const next of [...outward, ...inward]) {
      if (before.has(next) || !manifest.tables.has(next)) continue;
      before.set(next, name);
      queue.push(next);
    }
  }
  return null;
}

function chooseLink(manifest: CompiledManifest, known: readonly Joined[], arg: JoinArg, to: Table) {
  const fault = (text: string) => new AppError("INVALID_ARGUMENTS", `joins: ${text}`);
  const origins = arg.from === undefined ? known : known.filter((one) => one.name === arg.from);
  if (!origins.length) {
    const names = known.map((one) => quoted(one.name)).join(", ");
    throw fault(`no earlier table is named ${quoted(arg.from!)}; there are: ${names}`);
  }
  const all = origins.flatMap((origin) => linksBetween(origin, to));
  const links = arg.on === undefined ? all : all.filter((one) => one.columns.includes(arg.on!));
  if (links.length === 1) return links[0]!;
  const options = all.map((one) =>
    `{"table": "${to.name}", "from": "${one.from.name}", "on": "${one.columns[0]}"}`
  ).join(" or ");
  if (links.length > 1) throw fault(`several keys connect ${quoted(to.name)}; choose ${options}`);
  if (all.length) throw fault(`no key of ${quoted(arg.on!)} leads there; choose ${options}`);
  const way = wayBetween(manifest, origins.map((one) => one.table), to);
  throw fault(
    `no foreign key connects ${quoted(to.name)} to ${
      origins.map((one) => quoted(one.name)).join(", ")
    }; ${way ? `the way there is ${way.map(quoted).join(" → ")}` : "no way leads there"}`,
  );
}

function joinSql(joined: Joined, link: Link): string {
  const on = link.pairs.map(([before, here]) =>
    `${joined.alias}.${quoteIdent(here)} = ${link.from.alias}.${quoteIdent(before)}`
  ).join(" AND ");
  return ` ${joined.optional ? "LEFT " : ""}JOIN ${joined.table.ident} ${joined.alias} ON ${on}`;
}

/**
 * The rows of a table joined to others along foreign keys, each table to an earlier one. Columns of the
 * base table go by their name or `table.column`, those of the others by `name.column`.
 *
 * @throws AppError INVALID_ARGUMENTS that tells which keys or which way there are.
 */
export function joinedSource(
  manifest: CompiledManifest,
  base: Table,
  joins: readonly JoinArg[] | undefined,
): Source {
  if (!joins?.length) return tableSource(base);
  const known: Joined[] = [
    { name: base.name, alias: "t", table: base, optional: false, many: false },
  ];
  let from = `${base.ident} t`;
  for (const arg of joins) {
    const table = findTable(manifest, arg.table);
    const name = arg.as ?? table.name;
    if (known.some((one) => one.name === name)) {
      throw new AppError(
        "INVALID_ARGUMENTS",
        `joins: ${quoted(name)} is there already; give the second one a name with "as"`,
      );
    }
    const link = chooseLink(manifest, known, arg, table);
    const joined: Joined = {
      name,
      alias: `t${known.length}`,
      table,
      // What hangs on an optional table can be missing with it.
      optional: (arg.optional ?? false) || link.from.optional,
      many: link.many,
    };
    from += joinSql(joined, link);
    known.push(joined);
  }
  return sourceOf(known, from);
}

function sourceOf(known: readonly Joined[], from: string): Source {
  const fieldsOf = (one: Joined, label: (column: string) => string): Field[] =>
    [...one.table.columns.values()].map((column) => {
      const field = columnField(column, one.alias, label(column.name));
      return one.optional ? { ...field, nullable: true } : field;
    });
  const byName = new Map<string, Field>();
  for (const one of known) {
    for (const field of fieldsOf(one, (column) => `${one.name}.${column}`)) {
      byName.set(field.label, field);
    }
  }
  // Last, so that a column of the base wins over a dotted name that happens to look the same.
  for (const field of fieldsOf(known[0]!, (column) => column)) byName.set(field.label, field);
  const label = known.map((one) => quoted(one.name)).join(", ");

  // A joined table adds to what tells rows apart only where it can multiply them.
  const multiplying = known.filter((one, i) => i === 0 || one.many);
  const keyed = multiplying.every((one) => one.table.key);
  const key = keyed
    ? multiplying.flatMap((one) =>
      one.table.key!.map((column) => byName.get(`${one.name}.${column.name}`)!)
    )
    : null;
  return {
    from,
    label,
    fields: fieldsOf(known[0]!, (column) => column).concat(
      known.slice(1).flatMap((one) => fieldsOf(one, (column) => `${one.name}.${column}`)),
    ),
    key,
    field(name) {
      const field = byName.get(name);
      if (!field) throw unknownColumn(name, label, byName.keys());
      return field;
    },
  };
}
