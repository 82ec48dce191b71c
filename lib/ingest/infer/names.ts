import { createHash } from "node:crypto";

/** Bytes of an identifier that Postgres keeps (NAMEDATALEN - 1). */
export const IDENTIFIER_BYTES = 63;

/** Characters of a header that are looked at; what follows could not reach the identifier. */
const HEADER_CHARACTERS = 1000;

/** Names that every Postgres table has already. */
const SYSTEM_COLUMNS = new Set(["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"]);

/** Latin letters that Unicode does not decompose into a base letter and a mark. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ["ß", "ss"],
  ["æ", "ae"],
  ["Æ", "AE"],
  ["œ", "oe"],
  ["Œ", "OE"],
  ["ø", "o"],
  ["Ø", "O"],
  ["ł", "l"],
  ["Ł", "L"],
  ["đ", "d"],
  ["Đ", "D"],
  ["ð", "d"],
  ["þ", "th"],
  ["ı", "i"],
]);

/** A column's name in the database and the header it stood under. */
export interface ColumnName {
  readonly name: string;
  readonly original: string;
}

/**
 * Writes a header as a snake-case identifier of ASCII letters, digits and underscores, at most
 * 63 bytes: `InvoiceLine` → `invoice_line`, `US Gross` → `us_gross`, `Größe` → `grosse`. Empty where
 * nothing of it can be written so.
 */
export function identifier(header: string): string {
  const latin = header.slice(0, HEADER_CHARACTERS)
    .replace(/[ßæÆœŒøØłŁđĐðþı]/g, (letter) => LETTERS.get(letter)!)
    .normalize("NFKD").replace(/\p{M}/gu, "");
  const words = latin
    .replace(/['’]/g, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_");
  const leading = header.startsWith("_") ? "_" : "";
  const trimmed = words.replace(/^_+|_+$/g, "");
  if (trimmed === "") return "";
  const name = /^[0-9]/.test(trimmed) ? `_${trimmed}` : leading + trimmed;
  return shorten(SYSTEM_COLUMNS.has(name) ? `${name}_` : name, IDENTIFIER_BYTES);
}

/** Cuts a name at a word's end where one is near, else in the word. */
function shorten(name: string, bytes: number): string {
  if (name.length <= bytes) return name;
  const cut = name.slice(0, bytes);
  const word = cut.lastIndexOf("_");
  return (name[bytes] !== "_" && word > bytes / 2 ? cut.slice(0, word) : cut).replace(/_+$/, "");
}

/** The name itself, or with a number behind it where it is taken. Takes the answer. */
export function uniqueName(name: string, taken: Set<string>): string {
  let answer = name;
  for (let number = 2; taken.has(answer); number++) {
    const suffix = `_${number}`;
    answer = shorten(name, IDENTIFIER_BYTES - suffix.length) + suffix;
  }
  taken.add(answer);
  return answer;
}

/** Names a file's columns: unique, in their order; a header without a Latin letter or digit becomes `column_N`. */
export function columnNames(headers: readonly string[]): ColumnName[] {
  const taken = new Set<string>();
  return headers.map((original, index) => ({
    name: uniqueName(identifier(original) || `column_${index + 1}`, taken),
    original,
  }));
}

/** Names a table after a file (without its folder and endings) or a key of a JSON object. */
export function tableNameOf(title: string): string {
  const base = title.slice(title.lastIndexOf("/") + 1).slice(title.lastIndexOf("\\") + 1);
  const stem = base.replace(/(?:\.(?:csv|tsv|tab|txt|json|ndjson|jsonl|gz))+$/i, "");
  // A name like a system table's would be found in pg_catalog first.
  const name = identifier(stem).replace(/^pg_/, "table_pg_");
  return shorten(name, IDENTIFIER_BYTES) || "table_1";
}

/**
 * Names something that belongs to a table, such as an index: readable where it fits, else cut and told
 * apart by a digest.
 */
export function objectName(table: string, suffix: string): string {
  const full = `${table}_${suffix}`;
  if (new TextEncoder().encode(full).length <= IDENTIFIER_BYTES) return full;
  const digest = createHash("sha256").update(table).digest("hex").slice(0, 8);
  return `${table.slice(0, 30).replace(/[^a-z0-9_]/g, "_")}_${digest}_${suffix}`;
}
