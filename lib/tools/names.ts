import { AppError } from "../errors.ts";
import type { CompiledManifest, Table } from "./manifest/compile.ts";

const SHOWN = 64;

/** A caller's own word, fit to be told back: short, on one line, without what ends the quotation. */
export function quoted(word: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is taken out
  const plain = word.replace(/[\x00-\x1f\x7f`\u0085\u2028\u2029]/g, " ");
  return `\`${plain.length > SHOWN ? `${plain.slice(0, SHOWN)}…` : plain}\``;
}

/** Edits (insert, delete, replace) between two words, or more than `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(
        row[j - 1]! + 1,
        above[j]! + 1,
        above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    above = row;
  }
  return above[b.length]!;
}

/** The known names that a misspelt one most likely means: at most three, nearest first. */
export function nearest(word: string, known: Iterable<string>): string[] {
  if (word.length > SHOWN) return [];
  const asked = word.toLowerCase();
  const limit = Math.max(2, Math.floor(asked.length / 3));
  const found: { name: string; far: number }[] = [];
  for (const name of known) {
    const lower = name.toLowerCase();
    const far = lower.includes(asked) || asked.includes(lower) ? 1 : distance(asked, lower, limit);
    if (far <= limit) found.push({ name, far });
  }
  return found.sort((a, b) => a.far - b.far).slice(0, 3).map(({ name }) => name);
}

/** What to say after an unknown name: the nearest known ones, or the first of all. */
export function hint(word: string, known: Iterable<string>, what: string): string {
  const all = [...known];
  const near = nearest(word, all);
  if (near.length) return `nearest: ${near.map(quoted).join(", ")}`;
  const some = all.slice(0, 30).map(quoted).join(", ");
  return all.length ? `${what}: ${some}${all.length > 30 ? ", …" : ""}` : `it has no ${what}`;
}

/** The table of that name; throws UNKNOWN_TABLE, which names the nearest. */
export function findTable(manifest: CompiledManifest, name: string): Table {
  const table = manifest.tables.get(name);
  if (table) return table;
  throw new AppError(
    "UNKNOWN_TABLE",
    `no table ${quoted(name)}; ${hint(name, manifest.tables.keys(), "tables")}`,
  );
}
