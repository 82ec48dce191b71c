import { AppError } from "../../errors.ts";
import type { Table } from "../manifest/compile.ts";
import { hint, quoted } from "../names.ts";
import { columnField, type Field } from "./field.ts";

/** Where rows come from: a table, tables joined along foreign keys, or groups of either. */
export interface Source {
  /** What follows FROM. */
  readonly from: string;
  /** Names the source in messages. */
  readonly label: string;
  /** The fields that are answered where none are chosen. */
  readonly fields: readonly Field[];
  /** The fields that tell rows apart, to break ties; null where there are none. */
  readonly key: readonly Field[] | null;
  /** The field of that name; throws UNKNOWN_COLUMN, which names the nearest. */
  field(name: string): Field;
}

/** The error for a name that a source does not have. */
export function unknownColumn(name: string, label: string, known: Iterable<string>): AppError {
  return new AppError(
    "UNKNOWN_COLUMN",
    `no column ${quoted(name)} in ${label}; ${hint(name, known, "columns")}`,
  );
}

/** The alias of a source's only table. */
export const ALIAS = "t";

/** The rows of one table. */
export function tableSource(table: Table): Source {
  return {
    from: `${table.ident} ${ALIAS}`,
    label: quoted(table.name),
    fields: [...table.columns.values()].map((column) => columnField(column, ALIAS)),
    key: table.key?.map((column) => columnField(column, ALIAS)) ?? null,
    field(name) {
      const column = table.columns.get(name);
      if (!column) throw unknownColumn(name, quoted(table.name), table.columns.keys());
      return columnField(column, ALIAS);
    },
  };
}

/** The chosen fields, or all; each once. */
export function chooseFields(source: Source, names: readonly string[] | undefined) {
  if (!names?.length) return source.fields;
  return [...new Set(names)].map((name) => source.field(name));
}
