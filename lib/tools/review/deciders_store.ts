import type { GrantId, TokenId } from "../../ids.ts";
import type { Tx } from "../../postgres/mod.ts";

/** Whether one of two tokens took the other's place, at however many removes. */
export async function isSameLine(tx: Tx, one: TokenId, other: TokenId): Promise<boolean> {
  const rows = await tx`
    WITH RECURSIVE line AS (
      SELECT id, replaced_by FROM tokens WHERE id = ${one}
      UNION
      SELECT t.id, t.replaced_by FROM tokens t JOIN line l ON t.replaced_by = l.id OR t.id = l.replaced_by
    )
    SELECT FROM line WHERE id = ${other}`;
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
