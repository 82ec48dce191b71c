import type { EndpointId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";

/** Whether any token or app was ever let into some tables of an endpoint alone. */
export async function isReachedByTable(tx: Tx, endpoint: EndpointId): Promise<boolean> {
  const [row] = await tx<{ reached: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM token_endpoints WHERE endpoint_id = ${endpoint} AND tables IS NOT NULL
    ) OR EXISTS (
      SELECT FROM oauth_grant_endpoints WHERE endpoint_id = ${endpoint} AND tables IS NOT NULL
    ) AS reached`;
  return row!.reached;
}

/** Who reads every open table of an endpoint, and will read those that come. */
export interface WholeReach {
  readonly tokens: number;
  readonly apps: number;
}

/** Counts the living tokens and connections that reach an endpoint whole. */
export async function countWholeReach(tx: Tx, endpoint: EndpointId): Promise<WholeReach> {
  const [row] = await tx<WholeReach[]>`
    SELECT (
      SELECT count(*)::int FROM tokens t
      WHERE t.kind = 'pat' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
        AND 'rows:read' = ANY (t.abilities) AND (t.all_endpoints OR EXISTS (
          SELECT FROM token_endpoints b
          WHERE b.token_id = t.id AND b.endpoint_id = ${endpoint} AND b.tables IS NULL
        ))
    ) AS tokens, (
      SELECT count(*)::int FROM oauth_grants g
      JOIN oauth_grant_endpoints b ON b.grant_id = g.id
      WHERE g.revoked_at IS NULL AND b.endpoint_id = ${endpoint} AND b.tables IS NULL
    ) AS apps`;
  return row!;
}
