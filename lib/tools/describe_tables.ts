import { z } from "zod";
import { type Allowed, allowedOn, allowedText } from "./allowed.ts";
import { fence, textCell } from "./compact.ts";
import type { Column, CompiledManifest, RowOperation, Table } from "./manifest/compile.ts";
import { findTable } from "./names.ts";
import { recount } from "./recount.ts";
import { ANSWER_CHARS } from "./rows.ts";
import { endpointTool } from "./tool.ts";

/** What a model is told of one table. */
export interface TableDescription {
  readonly name: string;
  readonly comment?: string;
  readonly rows: number | null;
  /** Whether the rows were counted, rather than estimated. */
  readonly rows_exact: boolean;
  readonly primary_key: readonly string[];
  /** What may be done with rows besides reading them. */
  readonly writes?: readonly RowOperation[];
  /** Present where each such change waits until a person has approved it. */
  readonly writes_after_review?: true;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly nullable: boolean;
    readonly comment?: string;
    /** Of a table that can be written to: whether this column can be given a value. */
    readonly read_only?: true;
  }[];
  readonly foreign_keys: readonly {
    readonly columns: readonly string[];
    readonly table: string;
    readonly references: readonly string[];
  }[];
  readonly referenced_by: readonly {
    readonly table: string;
    readonly columns: readonly string[];
  }[];
}

function describeColumn(writable: boolean, column: Column): TableDescription["columns"][number] {
  const { name, type, nullable, comment, insertable, updatable } = column;
  return {
    name,
    type,
    nullable,
    // The original header, where it says more than the name.
    ...(comment && comment !== name ? { comment } : {}),
    ...(writable && !insertable && !updatable ? { read_only: true } : {}),
  };
}

/**
 * Describes a table of a manifest.
 *
 * @param allowed What the reader may do there; absent: all that the endpoint and the rules allow.
 */
export function describeTable(
  manifest: CompiledManifest,
  table: Table,
  { operations, review }: Allowed = { operations: table.operations, review: false },
): TableDescription {
  return {
    name: table.name,
    ...(table.comment ? { comment: table.comment } : {}),
    rows: table.rows,
    rows_exact: table.exact,
    primary_key: table.primaryKey ?? [],
    ...(operations.length ? { writes: operations } : {}),
    ...(operations.length && review ? { writes_after_review: true } : {}),
    columns: [...table.columns.values()].map((column) =>
      describeColumn(operations.length > 0, column)
    ),
    foreign_keys: table.foreignKeys,
    referenced_by: [...manifest.tables.values()].flatMap((other) =>
      other.foreignKeys.filter((key) => key.table === table.name)
        .map((key) => ({ table: other.name, columns: key.columns }))
    ),
  };
}

/** A table's size in words: `59 rows`, `about 1200000 rows`. */
export function sizeOf(table: Pick<Table, "rows" | "exact">): string {
  if (table.rows === null) return "rows not counted";
  return `${table.exact ? "" : "about "}${table.rows} row${table.rows === 1 ? "" : "s"}`;
}

function describeInWords(description: TableDescription, table: Table, allowed: Allowed): string {
  const references = new Map(
    description.foreign_keys.flatMap((key) =>
      key.columns.map((column, i) => [column, `${key.table}.${key.references[i]}`])
    ),
  );
  const lines = description.columns.map((column) => {
    const target = references.get(column.name);
    return `  ${textCell(column.name)} ${column.type}${column.nullable ? "" : " not null"}` +
      (description.primary_key.includes(column.name) ? " key" : "") +
      (column.read_only ? " read-only" : "") +
      (target ? ` → ${textCell(target)}` : "") +
      (column.comment ? ` "${textCell(column.comment)}"` : "");
  });
  const head = `${textCell(table.name)} (${sizeOf(table)}, ${allowedText(allowed)})`;
  return [head, ...lines].join("\n");
}

/** What tables there are. */
export const describeTables = endpointTool({
  name: "describe_tables",
  title: "Describe tables",
  description:
    "List the tables with row counts, columns, types, primary and foreign keys: some by name, or " +
    "all. The other tools take these names.",
  ability: "rows:read",
  args: z.strictObject({
    tables: z.array(z.string().max(200)).max(500).optional().meta({ $ref: "#/$defs/tables" }),
  }),
  output: {
    type: "object",
    properties: {
      tables: { type: "array", items: { type: "object" } },
      truncated: { type: "boolean" },
    },
    required: ["tables", "truncated"],
  },
  async run(call, args) {
    const names = args.tables?.length
      ? [...new Set(args.tables)].map((name) => findTable(call.manifest, name).name)
      : [...call.manifest.tables.keys()];
    const manifest = await recount(call, names);
    const chosen = names.map((name) => manifest.tables.get(name)!);
    const told: string[] = [];
    const words: string[] = [];
    let size = 0;
    for (const table of chosen) {
      const allowed = allowedOn(call.scope, table);
      const description = describeTable(manifest, table, allowed);
      const json = JSON.stringify(description);
      size += json.length;
      if (size > ANSWER_CHARS && told.length) break;
      told.push(json);
      words.push(describeInWords(description, table, allowed));
    }
    const truncated = told.length < chosen.length;
    const structured = `{"tables":[${told.join(",")}],"truncated":${truncated}}`;
    const rest = chosen.slice(told.length).map((table) => table.name);
    const note = truncated
      ? `\nCut here; ask with "tables" for the others: ${rest.slice(0, 500).join(", ")}`
      : "";
    const text = call.scope.endpoint.settings.textFormat === "json"
      ? structured
      : `${chosen.length} table${chosen.length === 1 ? "" : "s"}.\n${
        fence(words.join("\n") + note)
      }`;
    return { structured, text, isError: false };
  },
});
