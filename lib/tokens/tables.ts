import type { EndpointId } from "../ids.ts";
import type { Ability, Principal } from "../principal.ts";
import { MAX_REACHED_TABLES, reachWithin, type StoredReach } from "../table_reach.ts";
import type { TokenView } from "./view.ts";

/** What a request says of the tables that a token is to reach. */
interface Wanted {
  readonly abilities: readonly Ability[];
  readonly endpoints: "all" | readonly EndpointId[];
  readonly tables?: Readonly<Record<string, StoredReach>>;
}

/** Whether a token would reach no table that the principal does not reach itself. */
export function tablesWithin(principal: Principal, { endpoints, tables }: Wanted): boolean {
  return [...principal.tables ?? []].every(([id, reach]) =>
    endpoints !== "all" &&
    (!endpoints.includes(id) || reachWithin(tables?.[id] ?? null, reach))
  );
}

/** The tables of an existing token, as a request would name them. */
export function tablesOf({ endpoints }: TokenView): Record<string, StoredReach> {
  return endpoints === "all"
    ? {}
    : Object.fromEntries(endpoints.flatMap(({ id, tables }) => tables ? [[id, tables]] : []));
}

/** What is wrong with the tables that a request names; null where nothing is. */
export function tablesFault({ abilities, endpoints, tables = {} }: Wanted): string | null {
  const chosen = Object.entries(tables);
  if (chosen.length === 0) return null;
  if (abilities.includes("api:endpoints:write")) {
    return "A token that changes endpoints (api:endpoints:write) reaches all of their tables.";
  }
  if (endpoints === "all" || chosen.some(([id]) => !endpoints.includes(id as EndpointId))) {
    return "Name tables of endpoints that the token covers by name.";
  }
  const sizes = chosen.map(([, of]) => Object.keys(of).length);
  return sizes.every((size) => size > 0 && size <= MAX_REACHED_TABLES)
    ? null
    : `Name from 1 to ${MAX_REACHED_TABLES} tables of an endpoint, or leave it out for all.`;
}
