import { actorOf, recordEvent } from "../audit/mod.ts";
import type { TokenId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { CREDENTIALS } from "./credential.ts";
import { markEnded, selectTraces, type TouchedToken } from "./line_store.ts";
import { lockTokens } from "./store.ts";

/** How many ids an audit entry names of those that ended with a token. */
const NAMED = 100;

/** Revokes a token and all below it. Answers them, the token among them; the line is locked by then. */
export async function endToken(tx: Tx, id: TokenId): Promise<TouchedToken[]> {
  await lockTokens(tx, [id]);
  return await markEnded(tx, [id]);
}

/** What an audit entry says of the tokens that ended with one. */
export function endedWith(id: TokenId, ended: readonly TouchedToken[]): Record<string, unknown> {
  const others = ended.filter((one) => one.id !== id).map((one) => one.id);
  return others.length ? { ended_with_it: others.length, ended: others.slice(0, NAMED) } : {};
}

/**
 * Revokes a token that others may have, and everything that was made with it: below it, and in its place.
 * Locks the line, so that nothing is made with it meanwhile.
 */
export async function endLeaked(tx: Tx, id: TokenId): Promise<TouchedToken[]> {
  await lockTokens(tx, [id]);
  return await markEnded(tx, [id, ...await selectTraces(tx, id)]);
}

/**
 * Revokes everything that was made with a token, but not the token: once this has answered, no replica
 * serves a call with any of it.
 */
export async function endTraces(
  services: Services,
  scope: RequestScope,
  { id, name }: { readonly id: TokenId; readonly name: string },
): Promise<void> {
  const ended = await services.control.tenant(scope.tenantId, async (tx) => {
    await lockTokens(tx, [id]);
    const ended = await markEnded(tx, await selectTraces(tx, id));
    if (ended.length) {
      await recordEvent(tx, {
        tenantId: scope.tenantId,
        action: "token.revoked",
        actor: actorOf(scope),
        subject: name,
        detail: { made_with: id, ...endedWith(id, ended) },
      });
    }
    return ended;
  });
  const hashes = ended.map(({ hash }) => hash);
  if (hashes.length) await services.replicas.forget(CREDENTIALS.name, hashes);
}
