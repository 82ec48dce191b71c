import type { EndpointId, Slug } from "../../ids.ts";
import { quoteIdent } from "../../postgres/mod.ts";
import type { ManifestBody, ManifestColumn, ManifestTable } from "./shape.ts";

/** A column, ready for SQL. */
export interface Column extends ManifestColumn {
  /** The quoted name. */
  readonly ident: string;
}

/** Something that can be done with rows. */
export type RowOperation = "insert" | "update" | "delete";

/** A table, ready for SQL. */
export interface Table extends Omit<ManifestTable, "columns"> {
  /** The quoted, schema-qualified name. */
  readonly ident: string;
  readonly columns: ReadonlyMap<string, Column>;
  /** What the writer's grants let be done with rows. */
  readonly operations: readonly RowOperation[];
  /** The columns that tell rows apart: the primary key, else a unique key; null where there is none. */
  readonly key: readonly Column[] | null;
}

/** A manifest, ready for use. A Map holds the tables, so that no name is a prototype's. */
export interface CompiledManifest {
  readonly endpointId: EndpointId;
  readonly slug: Slug;
  readonly version: number;
  readonly tables: ReadonlyMap<string, Table>;
  /** Texts that are made once a manifest, such as tool lists. */
  readonly texts: Map<string, string>;
}

function compileTable(table: ManifestTable): Table {
  const columns = new Map(
    table.columns.map((column) => [column.name, { ...column, ident: quoteIdent(column.name) }]),
  );
  const may: Readonly<Record<RowOperation, boolean>> = {
    insert: table.columns.some((column) => column.insertable),
    update: table.columns.some((column) => column.updatable),
    delete: table.deletable,
  };
  const names = [table.primaryKey ?? [], ...table.uniqueKeys].find((key) => key.length > 0);
  return {
    ...table,
    ident: `public.${quoteIdent(table.name)}`,
    columns,
    operations: (Object.keys(may) as RowOperation[]).filter((operation) => may[operation]),
    key: names?.map((name) => columns.get(name)!) ?? null,
  };
}

/** Makes a stored manifest ready for use. */
export function compileManifest(
  endpoint: { readonly id: EndpointId; readonly slug: Slug },
  version: number,
  body: ManifestBody,
): CompiledManifest {
  return {
    endpointId: endpoint.id,
    slug: endpoint.slug,
    version,
    tables: new Map(body.tables.map((table) => [table.name, compileTable(table)])),
    texts: new Map(),
  };
}
