import type { EndpointId } from "./ids.ts";

/** What a credential may do in one table at most: read its rows, or change them, too. */
export type TableAccess = "read" | "write";

/** The tables of one endpoint that a credential reaches, where it does not reach all of them. */
export interface TableReach {
  readonly tables: ReadonlyMap<string, TableAccess>;
  /** The same as one text: what is kept for a reach is kept by it. */
  readonly key: string;
}

/** Tables by endpoint; an endpoint that is not in it is reached whole. */
export type TableReaches = ReadonlyMap<EndpointId, TableReach>;

/** Tables and accesses by name, as they are stored. */
export type StoredReach = Readonly<Record<string, TableAccess>>;

/** How many tables of one endpoint a credential may name. */
export const MAX_REACHED_TABLES = 500;

/** Makes a reach of what is stored. */
export function tableReach(stored: StoredReach): TableReach {
  const tables = new Map(Object.entries(stored).sort(([a], [b]) => a < b ? -1 : 1));
  return { tables, key: JSON.stringify([...tables]) };
}

/** Makes reaches of what is stored by endpoint; undefined where every endpoint is reached whole. */
export function tableReaches(
  stored: Readonly<Record<string, StoredReach>> | null,
): TableReaches | undefined {
  const entries = Object.entries(stored ?? {});
  if (entries.length === 0) return undefined;
  return new Map(entries.map(([id, tables]) => [id as EndpointId, tableReach(tables)]));
}

/** Whether a reach lies within another; null stands for all tables. */
export function reachWithin(inner: StoredReach | null, outer: TableReach | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  return Object.entries(inner).every(([table, access]) => {
    const bound = outer.tables.get(table);
    return bound === "write" || bound === access;
  });
}

/** What two reaches have in common; null stands for all tables. */
export function commonReach(one: StoredReach | null, other: StoredReach | null) {
  if (one === null || other === null) return one ?? other;
  return Object.fromEntries(
    Object.entries(one).flatMap(([table, access]): [string, TableAccess][] => {
      const bound = other[table];
      return bound ? [[table, access === "read" ? "read" : bound]] : [];
    }),
  );
}

/** The tables that a reach holds, by what may be done there at least; null: all tables. */
export function reachedTables(
  reach: TableReach | null,
  access: TableAccess = "read",
): readonly string[] | null {
  if (reach === null) return null;
  return [...reach.tables].flatMap(([name, may]) =>
    access === "read" || may === "write" ? [name] : []
  );
}

/** Reaches as they are stored: by endpoint, none for those that are reached whole. */
export function storedReaches(
  reaches: TableReaches | undefined,
): Record<string, StoredReach> {
  return Object.fromEntries(
    [...reaches ?? []].map(([id, { tables }]) => [id, Object.fromEntries(tables)]),
  );
}
