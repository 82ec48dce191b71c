import { z } from "zod";
import type { ManifestView } from "../tools/mod.ts";

const names = z.array(z.string());

/** A table as `/v1` shows it. */
export const tableResource = z.object({
  name: z.string(),
  comment: z.string().nullable(),
  rows: z.int().nullable().describe("Null where they were not counted."),
  rows_exact: z.boolean().describe("False where `rows` is an estimate."),
  searchable: z.boolean().describe("Whether words are found through a full-text index."),
  primary_key: names,
  columns: z.array(z.object({
    name: z.string(),
    type: z.string(),
    nullable: z.boolean(),
    comment: z.string().nullable().describe("The original header, where it differs from the name."),
  })),
  foreign_keys: z.array(z.object({ columns: names, table: z.string(), references: names })),
}).meta({ id: "Table" });

/** Shows a table of a manifest. */
export function showTable(view: ManifestView["tables"][number]): z.input<typeof tableResource> {
  return {
    name: view.name,
    comment: view.comment ?? null,
    rows: view.rows,
    rows_exact: view.rows_exact,
    searchable: view.searchable,
    primary_key: [...view.primary_key],
    columns: view.columns.map(({ name, type, nullable, comment }) => ({
      name,
      type,
      nullable,
      comment: comment ?? null,
    })),
    foreign_keys: view.foreign_keys.map(({ columns, table, references }) => ({
      columns: [...columns],
      table,
      references: [...references],
    })),
  };
}
