import type { GrantId, TokenId } from "../../ids.ts";
import type { Tx } from "../../postgres/mod.ts";

/**
 * Whether two tokens are in the same hands: they go back to the same one, by what made them, or by whose
 * place they took; or their lines are joined by a rotation, for a token that rotates one of another line
 * is handed what that may do.
 */
export async function isSameLine(tx: Tx, one: TokenId, other: TokenId): Promise<boolean> {
  const rows = await tx`
    WITH RECURSIVE hands AS (
      SELECT t.tenant_id, t.line FROM tokens t WHERE t.id = ${one}
      UNION
      SELECT h.tenant_id, joined.line FROM hands h, LATERAL (
        SELECT by.line FROM tokens t
        JOIN tokens by ON by.tenant_id = t.tenant_id AND by.id = t.made_with
        WHERE t.tenant_id = h.tenant_id AND t.line = h.line
        UNION ALL
        SELECT made.line FROM tokens t
        JOIN tokens made ON made.tenant_id = t.tenant_id AND made.made_with = t.id
        WHERE t.tenant_id = h.tenant_id AND t.line = h.line
      ) joined
    )
    SELECT FROM tokens t JOIN hands h ON h.tenant_id = t.tenant_id AND h.line = t.line
    WHERE t.id = ${other}`;
  return rows.length > 0;
}

/** Of some tokens and connections, those that act no more. */
export async function selectEnded(
  tx: Tx,
  tokens: readonly TokenId[],
  grants: readonly GrantId[],
): Promise<Set<string>> {
  const rows = await tx<{ id: string }[]>`
    SELECT id FROM tokens
    WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text(${tx.json([...tokens])}))
      AND (revoked_at IS NOT NULL OR expires_at <= now())
    UNION ALL
    SELECT id FROM oauth_grants
    WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text(${tx.json([...grants])}))
      AND revoked_at IS NOT NULL`;
  return new Set(rows.map(({ id }) => id));
}
