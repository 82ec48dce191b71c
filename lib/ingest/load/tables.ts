import { AppError } from "../../errors.ts";
import { quoteIdent, quoteLiteral, sqlState, type Tx } from "../../postgres/mod.ts";
import type { Dialect } from "../detect/mod.ts";
import { uniqueName } from "../infer/mod.ts";
import type { Draft, DraftColumn } from "./draft.ts";
import type { LoadInput } from "./types.ts";

/** A table of the data's own schema, quoted. */
export const publicTable = (name: string) => `public.${quoteIdent(name)}`;

/** Column names, quoted and in a row. */
export const columnList = (columns: readonly { readonly name: string }[]) =>
  columns.map((column) => quoteIdent(column.name)).join(", ");

/** The name of a table's identity column: `_id`, unless the file has one. */
export function identityName(columns: readonly { readonly name: string }[]): string {
  return uniqueName("_id", new Set(columns.map((column) => column.name)));
}

/** The definition of an identity column. */
export const identityColumn = (name: string) =>
  `${quoteIdent(name)} bigint GENERATED ALWAYS AS IDENTITY`;

/** Refuses names that a table, view, index or sequence has already. Throws CONFLICT. */
export async function refuseTakenNames(tx: Tx, names: readonly string[]): Promise<void> {
  const taken = await tx<{ relname: string }[]>`
    SELECT relname FROM pg_catalog.pg_class
    WHERE relnamespace = 'public'::regnamespace
      AND relname IN (SELECT json_array_elements_text(${JSON.stringify(names)}::text::json))
    ORDER BY relname`;
  if (taken.length === 0) return;
  const list = taken.map((row) => row.relname).join(", ");
  throw new AppError(
    "CONFLICT",
    `There is a table of this name already: ${list}. Append to it, or choose another name.`,
  );
}

/** Makes a table of a draft, with an identity column where one is named. */
export async function createTable(tx: Tx, draft: Draft, identity?: string): Promise<void> {
  const columns = draft.columns.map(({ name, type }) => `${quoteIdent(name)} ${type}`);
  if (identity !== undefined) columns.push(identityColumn(identity));
  await tx.unsafe(`CREATE TABLE ${publicTable(draft.name)} (${columns.join(", ")})`);
}

/** What follows the header in a column's comment where a timestamp's offset has to be kept. */
const OFFSET_NOTE = /\nTimes were written with the offset (Z|[+-]\d\d:\d\d)\.$/;

/** A column's comment: the header as it stood, and the one offset of its timestamps. */
function commentOf({ original, type, offset }: DraftColumn): string {
  // The catalogue's text holds no NUL character.
  const header = original.replaceAll("\0", "\u2400").toWellFormed();
  return type === "timestamptz" && offset !== "Z" && offset !== undefined
    ? `${header}\nTimes were written with the offset ${offset}.`
    : header;
}

/** The offset that a column's comment names; `Z` where it names none. */
export function offsetInComment(comment: string | null): string {
  return OFFSET_NOTE.exec(comment ?? "")?.[1] ?? "Z";
}

/** Keeps the headers as the columns' comments. */
export async function commentColumns(tx: Tx, draft: Draft): Promise<void> {
  const statements = draft.columns.map((column) => {
    const comment = commentOf(column);
    return comment === ""
      ? ""
      : `COMMENT ON COLUMN ${publicTable(draft.name)}.${quoteIdent(column.name)} IS ${
        quoteLiteral(comment)
      };`;
  }).join("\n");
  if (statements.trim() !== "") await tx.unsafe(statements);
}

/** Whether tables that are made now wait to be opened. */
export async function areToWait(tx: Tx, newTables: LoadInput["newTables"]): Promise<boolean> {
  if (newTables !== "unless_ruled") return newTables === "wait";
  const [row] = await tx<{ ruled: boolean }[]>`
    SELECT EXISTS (SELECT FROM bulkhead.rules) AS ruled`;
  return row!.ruled;
}

/** Lets a table wait to be opened, from its first grant on. */
export async function letWait(tx: Tx, table: string): Promise<void> {
  await tx`INSERT INTO bulkhead.waiting (table_name) VALUES (${table}) ON CONFLICT DO NOTHING`;
}

// A column that is not there, or is of another type than a row filter compares it with.
const UNFIT = /^(42703|42883|42804|22...)$/;

/**
 * Gives the endpoint's reader and writer what its access and rules say of a table. Throws SHAPE_MISMATCH
 * where rules that were kept from a table of this name do not fit the new one: open it must not be.
 */
export async function applyAccess(tx: Tx, table: string): Promise<void> {
  try {
    await tx`SELECT bulkhead.apply_access(${publicTable(table)}::text::regclass)`;
  } catch (error) {
    if (!UNFIT.test(sqlState(error) ?? "")) throw error;
    throw new AppError(
      "SHAPE_MISMATCH",
      `The row filter that was set for a table ${table} does not fit this file's columns: ` +
        "load it under another name.",
      { cause: error },
    );
  }
}

/**
 * COPY of rows that we write ourselves: every value quoted, null as nothing. `freeze` is for a table
 * made in the same subtransaction: its rows are then visible to all without a later VACUUM.
 */
export function copyRowsStatement(
  table: string,
  columns: readonly { readonly name: string }[],
  freeze: boolean,
): string {
  const list = columnList(columns);
  return `COPY ${table} (${list}) FROM STDIN (FORMAT csv${freeze ? ", FREEZE" : ""})`;
}

/** COPY of a delimited file's own bytes: its dialect, its header, and empty as null, quoted or not. */
export function copyFileStatement(draft: Draft, dialect: Dialect, header: boolean): string {
  const list = columnList(draft.columns);
  const options = [
    "FORMAT csv",
    "FREEZE",
    `HEADER ${header}`,
    `DELIMITER ${quoteLiteral(dialect.delimiter)}`,
    `QUOTE ${quoteLiteral(dialect.quote)}`,
    `ESCAPE ${quoteLiteral(dialect.quote)}`,
    "NULL ''",
    `FORCE_NULL (${list})`,
    "ENCODING 'UTF8'",
  ];
  return `COPY ${publicTable(draft.name)} (${list}) FROM STDIN (${options.join(", ")})`;
}
