import { AppError } from "../../errors.ts";
import type { Table } from "../manifest/compile.ts";
import { hint, quoted } from "../names.ts";
import { columnField, type Field } from "./field.ts";
import { keepShapes, ofShape } from "./shapes.ts";

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

const SOURCES = new WeakMap<Table, Source>();

/** The rows of one table: made once, since a table of a manifest never changes. */
export function tableSource(table: Table): Source {
  let source = SOURCES.get(table);
  if (!source) SOURCES.set(table, source = makeSource(table));
  return source;
}

function makeSource(table: Table): Source {
  const fields = new Map(
    [...table.columns].map(([name, column]) => [name, columnField(column, ALIAS)]),
  );
  return {
    from: `${table.ident} ${ALIAS}`,
    label: quoted(table.name),
    fields: keepShapes([...fields.values()]),
    key: table.key?.map(({ name }) => fields.get(name)!) ?? null,
    field(name) {
      const field = fields.get(name);
      if (!field) throw unknownColumn(name, quoted(table.name), fields.keys());
      return field;
    },
  };
}

/** The chosen fields, or all; each once. */
export function chooseFields(source: Source, names: readonly string[] | undefined) {
  if (!names?.length) return source.fields;
  return ofShape(source.fields, `columns\0${names.join("\0")}`, () => {
    const fields = [...new Set(names)].map((name) => source.field(name));
    return keepShapes(fields);
  });
}
