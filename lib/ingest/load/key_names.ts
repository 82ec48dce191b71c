import type { DraftColumn } from "./draft.ts";

const KEY_WORDS = ["id", "uuid", "guid", "key", "code"];
const KEY_SUFFIX = new RegExp(`^(.+)_(?:${KEY_WORDS.join("|")})$`);

/** Types that a key may have. */
const KEY_TYPES: ReadonlySet<string> = new Set(["integer", "bigint", "numeric", "uuid", "text"]);

const compact = (name: string) => name.replaceAll("_", "");

/** Whether a word is a table's name, in the singular or as it is. */
function namesTable(word: string, table: string): boolean {
  const name = compact(table);
  const singulars = [
    name,
    name.replace(/ies$/, "y"),
    name.replace(/es$/, ""),
    name.replace(/s$/, ""),
  ];
  return word !== "" && singulars.includes(compact(word));
}

/**
 * A table's columns that are named like its primary key and could be it (no nulls), the likeliest
 * first: `id`, then the table's own name with a key's word (`album_id` of `album`, `zip_code` of
 * `zipcodes`), then a bare `uuid`, `key` or `code`, then a first column such as `respondent_id` that
 * names no other table.
 */
export function keyCandidates(
  table: string,
  columns: readonly DraftColumn[],
  otherTables: readonly string[],
): string[] {
  const rank = (name: string, index: number): number => {
    if (name === "id" || name === "_id") return 0;
    const prefix = KEY_SUFFIX.exec(name)?.[1];
    if (prefix !== undefined && (namesTable(prefix, table) || namesTable(name, table))) return 1;
    if (KEY_WORDS.includes(name)) return 2;
    const ofAnother = otherTables.some((other) =>
      prefix !== undefined && namesTable(prefix, other)
    );
    return index === 0 && prefix !== undefined && !ofAnother ? 3 : Infinity;
  };
  return columns
    .map((column, index) => ({ column, rank: rank(column.name, index) }))
    .filter(({ column, rank }) => rank < Infinity && !column.nullable && KEY_TYPES.has(column.type))
    .sort((a, b) => a.rank - b.rank)
    .map(({ column }) => column.name);
}

/** Whether a column is named like a reference to some table (`album_id`). */
export function looksLikeReference(column: string): boolean {
  return KEY_SUFFIX.test(column);
}

/** The table that a column is named after (`album_id` → `album` or `albums`), of those that are there. */
export function tableReferredTo(column: string, tables: readonly string[]): string | undefined {
  const prefix = KEY_SUFFIX.exec(column)?.[1];
  if (prefix === undefined) return undefined;
  return tables.find((table) => compact(table) === compact(prefix)) ??
    tables.find((table) => namesTable(prefix, table));
}
