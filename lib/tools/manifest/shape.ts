import { z } from "zod";

/**
 * What can be done with a column's values: how they travel in JSON, which operators they know,
 * whether they can be summed.
 */
export const VALUE_KINDS = [
  "integer",
  "bigint",
  "numeric",
  "float",
  "boolean",
  "text",
  "enum",
  "uuid",
  "date",
  "timestamp",
  "timestamptz",
  "time",
  "interval",
  "json",
  "jsonb",
  "other",
] as const;

/** One kind of value. */
export type ValueKind = typeof VALUE_KINDS[number];

const column = z.object({
  name: z.string(),
  /** The type as Postgres prints it, for people and models. */
  type: z.string(),
  /** The type as SQL casts to it: schema-qualified, quoted, without length or precision. */
  cast: z.string(),
  kind: z.enum(VALUE_KINDS),
  nullable: z.boolean(),
  /** The column's comment; the ingest keeps the original header here. */
  comment: z.string().nullable(),
  // What the writer may do, by its grants. Manifests of earlier releases knew of no writes.
  insertable: z.boolean().default(false),
  updatable: z.boolean().default(false),
  /** Whether a new row needs a value here. */
  required: z.boolean().default(false),
});

const foreignKey = z.object({
  columns: z.array(z.string()),
  table: z.string(),
  references: z.array(z.string()),
});

const table = z.object({
  name: z.string(),
  comment: z.string().nullable(),
  /** Whether it is a stored table; otherwise a view. */
  stored: z.boolean(),
  /** Rows at the time of the rebuild; null where nobody counted them. */
  rows: z.number().nullable(),
  /** Whether `rows` was counted, or is the planner's estimate. */
  exact: z.boolean(),
  columns: z.array(column),
  primaryKey: z.array(z.string()).nullable(),
  /** Unique over rows: of columns that are never null. */
  uniqueKeys: z.array(z.array(z.string())),
  /** Whether the writer may delete rows. */
  deletable: z.boolean().default(false),
  foreignKeys: z.array(foreignKey),
  /** Leading columns of each index, for advice on what is fast. */
  indexes: z.array(z.array(z.string())),
  /** The full-text index: its tsvector expression, and the configuration that made it. */
  search: z.object({ expression: z.string(), config: z.string() }).nullable(),
});

/** A manifest as it is stored: the schema of one endpoint as its reader sees it. */
export const manifestBody = z.object({ tables: z.array(table) });

/** A stored manifest. */
export type ManifestBody = z.infer<typeof manifestBody>;
/** One table of a manifest. */
export type ManifestTable = z.infer<typeof table>;
/** One column of a manifest. */
export type ManifestColumn = z.infer<typeof column>;
/** A foreign key of a manifest's table. */
export type ManifestForeignKey = z.infer<typeof foreignKey>;
