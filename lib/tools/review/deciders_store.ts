import type { GrantId, TokenId } from "../../ids.ts";
import type { Tx } from "../../postgres/mod.ts";

/** Whether two tokens go back to the same one: by what made them, or by whose place they took. */
export async function isSameLine(tx: Tx, one: TokenId, other: TokenId): Promise<boolean> {
  const rows = await tx`
    SELECT FROM tokens a JOIN tokens b ON b.tenant_id = a.tenant_id AND b.line = a.line
    WHERE a.id = ${one} AND b.id = ${other}`;
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
