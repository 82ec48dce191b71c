import type { Tx } from "../../postgres/mod.ts";
import type { ColumnType } from "../infer/mod.ts";

/** A column of a table that is there. */
export interface CatalogueColumn {
  readonly name: string;
  /** Its type, where it is one that inference knows; null for any other. */
  readonly type: ColumnType | null;
  readonly notNull: boolean;
  /** Whether Postgres fills it: an identity column. */
  readonly identity: boolean;
  readonly comment: string | null;
}

/** A constraint on columns of a table that is there. */
export interface CatalogueKey {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A reference to another table. */
export interface CatalogueReference extends CatalogueKey {
  readonly references: { readonly table: string; readonly columns: readonly string[] };
}

/** A table that is there. */
export interface CatalogueTable {
  readonly name: string;
  readonly columns: readonly CatalogueColumn[];
  readonly primaryKey: CatalogueKey | null;
  /** Unique constraints, the primary key included. */
  readonly unique: readonly CatalogueKey[];
  readonly references: readonly CatalogueReference[];
}

const TYPES: ReadonlyMap<string, ColumnType> = new Map([
  ["boolean", "boolean"],
  ["integer", "integer"],
  ["bigint", "bigint"],
  ["numeric", "numeric"],
  ["date", "date"],
  ["timestamp without time zone", "timestamp"],
  ["timestamp with time zone", "timestamptz"],
  ["uuid", "uuid"],
  ["jsonb", "jsonb"],
  ["text", "text"],
  ["character varying", "text"],
]);

interface Row {
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly not_null: boolean;
    readonly identity: boolean;
    readonly comment: string | null;
  }[];
  readonly constraints: readonly {
    readonly name: string;
    readonly kind: "p" | "u" | "f";
    readonly columns: readonly string[];
    readonly target: string | null;
    readonly target_columns: readonly string[] | null;
  }[];
}

/** Reads the tables of the data's own schema, or the one that is named. */
export async function readCatalogue(tx: Tx, only?: string): Promise<Map<string, CatalogueTable>> {
  const rows = await tx<Row[]>`
    SELECT c.relname AS name,
      (SELECT json_agg(json_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'not_null', a.attnotnull, 'identity', a.attidentity <> '',
          'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
      coalesce((SELECT json_agg(json_build_object(
          'name', k.conname, 'kind', k.contype, 'target', r.relname,
          'columns', (SELECT json_agg(a.attname ORDER BY p.place)
            FROM unnest(k.conkey) WITH ORDINALITY AS p(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum),
          'target_columns', (SELECT json_agg(a.attname ORDER BY p.place)
            FROM unnest(k.confkey) WITH ORDINALITY AS p(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.attnum)
          ) ORDER BY k.conname)
        FROM pg_catalog.pg_constraint k
        LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
        WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f')), '[]'::json) AS constraints
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (${only ?? null}::text IS NULL OR c.relname = ${only ?? null})
    ORDER BY c.relname`;
  return new Map(rows.map((row) => [row.name, tableOf(row)]));
}

function tableOf(row: Row): CatalogueTable {
  const keys = row.constraints.filter((constraint) => constraint.kind !== "f");
  const keyOf = ({ name, columns }: CatalogueKey): CatalogueKey => ({ name, columns });
  const primary = keys.find((key) => key.kind === "p");
  return {
    name: row.name,
    columns: (row.columns ?? []).map((column) => ({
      name: column.name,
      type: TYPES.get(column.type) ?? null,
      notNull: column.not_null,
      identity: column.identity,
      comment: column.comment,
    })),
    primaryKey: primary ? keyOf(primary) : null,
    unique: keys.map(keyOf),
    references: row.constraints.filter((constraint) => constraint.kind === "f").map((
      constraint,
    ) => ({
      ...keyOf(constraint),
      references: { table: constraint.target!, columns: constraint.target_columns! },
    })),
  };
}
