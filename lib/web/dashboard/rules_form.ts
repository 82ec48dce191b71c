import { AppError } from "../../errors.ts";
import type { RuledTable, TableRules } from "../../tools/mod.ts";
import type { FormFields } from "../form_data.ts";

/** One line of a row filter as people edit it; values as they are typed. */
export interface FilterLine {
  readonly column: string;
  readonly op: LineOp;
  readonly value: string;
}

/** The operators of a line, as the filter language and as people say them. */
export const LINE_OPS = {
  eq: "is",
  ne: "is not",
  in: "is one of (a, b, …)",
  contains: "contains",
  starts_with: "begins with",
  lt: "is less than",
  lte: "is at most",
  gt: "is more than",
  gte: "is at least",
  empty: "is empty",
  filled: "is not empty",
} as const;

/** An operator of a line. */
export type LineOp = keyof typeof LINE_OPS;

/** A row filter as people edit it: lines that all hold, and what lines cannot say, as JSON. */
export interface EditedFilter {
  readonly lines: readonly FilterLine[];
  readonly json: string;
}

type Filter = NonNullable<TableRules["rowFilter"]>;

const MAX_LINES = 8;

function toLine({ column, op, value, ...others }: Filter): FilterLine | null {
  if (typeof column !== "string" || Object.keys(others).length) return null;
  if (op === "is_null") return { column, op: value === false ? "filled" : "empty", value: "" };
  if (op === "in" && Array.isArray(value)) {
    const plain = value.every((one) => !/^\s|[,]|\s$|^$/.test(String(one)));
    return plain && value.length ? { column, op, value: value.join(", ") } : null;
  }
  if (typeof op !== "string" || !Object.hasOwn(LINE_OPS, op) || op === "in") return null;
  if (typeof value === "object" || value === undefined || value === "") return null;
  return { column, op: op as LineOp, value: String(value) };
}

/** Takes a filter apart for editing. */
export function editFilter(rowFilter: TableRules["rowFilter"]): EditedFilter {
  if (rowFilter === null) return { lines: [], json: "" };
  const { and } = rowFilter;
  const parts = Array.isArray(and) ? and as Filter[] : [rowFilter];
  const lines: FilterLine[] = [];
  const rest: Filter[] = [];
  for (const part of parts) {
    const line = lines.length < MAX_LINES ? toLine(part) : null;
    if (line) lines.push(line);
    else rest.push(part);
  }
  const json = rest.length > 1 ? { and: rest } : rest[0];
  return { lines, json: json ? JSON.stringify(json, null, 2) : "" };
}

function fromLine({ column, op, value }: FilterLine): Filter {
  if (op === "empty" || op === "filled") return { column, op: "is_null", value: op === "empty" };
  if (op !== "in") return { column, op, value };
  const values = value.split(",").map((one) => one.trim()).filter((one) => one !== "");
  return { column, op, value: values };
}

function parseJson(json: string): Filter | null {
  if (!json.trim()) return null;
  try {
    const value: unknown = JSON.parse(json);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return value as Filter;
    }
  } catch {
    // Told below, with what is wrong besides.
  }
  throw new AppError("INVALID_ARGUMENTS", "The JSON of the row filter is no JSON object.");
}

/** Puts an edited filter together; null where it is empty. */
export function joinFilter({ lines, json }: EditedFilter): TableRules["rowFilter"] {
  const typed = parseJson(json);
  const parts = [...lines.map(fromLine), ...(typed ? [typed] : [])];
  return parts.length > 1 ? { and: parts } : parts[0] ?? null;
}

/** What was typed of a row filter; lines without a column are left out. */
export function typedFilter(form: FormFields): EditedFilter {
  const [columns, ops, values] = ["filter_column", "filter_op", "filter_value"].map((name) =>
    form.getAll(name)
  );
  const lines = columns!.map((column, i) => ({
    column,
    op: Object.hasOwn(LINE_OPS, ops![i] ?? "") ? ops![i] as LineOp : "eq",
    value: values![i] ?? "",
  }));
  return {
    lines: lines.filter(({ column }) => column !== ""),
    json: form.get("filter_json") ?? "",
  };
}

/** What agents may do with a column. */
export type ColumnAccess = "write" | "read" | "hidden";

/** What rules let agents do with a column. */
export function accessOf(rules: TableRules, column: string): ColumnAccess {
  return rules.hidden.includes(column)
    ? "hidden"
    : rules.readOnly.includes(column)
    ? "read"
    : "write";
}

/** What was ticked besides the row filter. Columns that the form did not show keep their rules. */
export function typedRules(form: FormFields, table: RuledTable): TableRules {
  const access = form.getAll("access");
  const typed = new Map(form.getAll("column").map((name, i) => [name, access[i]]));
  const columns = table.columns.map(({ name }) => ({
    name,
    access: typed.get(name) ?? accessOf(table.rules, name),
  }));
  const only = (wanted: ColumnAccess) =>
    columns.filter((column) => column.access === wanted).map(({ name }) => name);
  const operations = form.getAll("operations");
  return {
    hidden: only("hidden"),
    readOnly: only("read"),
    insert: operations.includes("insert"),
    update: operations.includes("update"),
    delete: operations.includes("delete"),
    rowFilter: null,
  };
}
