import type { EndpointScope } from "../principal.ts";
import type { RowOperation, Table } from "./manifest/compile.ts";

/** What one caller may do with a table's rows besides reading them. */
export interface Allowed {
  readonly operations: readonly RowOperation[];
  /** Whether a person looks at each change before it happens. */
  readonly review: boolean;
}

/** What a caller may do with a table's rows: as its credential, the endpoint and the rules allow together. */
export function allowedOn(
  { principal, endpoint }: Pick<EndpointScope, "principal" | "endpoint">,
  table: Table,
): Allowed {
  const { writes } = endpoint.settings;
  const operations = writes === "off"
    ? []
    : table.operations.filter((operation) => principal.abilities.has(`rows:${operation}`));
  return { operations, review: writes === "review" || principal.review };
}

/** The same in words: `you may read, insert, update after approval`. */
export function allowedText({ operations, review }: Allowed): string {
  const changes = operations.join(", ");
  return `you may read${changes ? `, ${changes}` : ""}${
    changes && review ? " (changes wait for approval)" : ""
  }`;
}
