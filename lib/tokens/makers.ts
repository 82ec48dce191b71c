import type { TokenId, UserId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import { lockGrants, markEnded, selectHashes, selectOwn, selectTeamTokens } from "./line_store.ts";
import { lockTokens } from "./store.ts";

/**
 * Hashes, as hex, of everything whose look-up depends on a person, whose membership is locked: their tokens,
 * all below them, and what their apps have. Nothing is added to them until the transaction ends, so that
 * replicas that forget these know none of the old.
 */
export async function holdTokensOf(tx: Tx, userId: UserId): Promise<string[]> {
  // In the order in which whoever ends a connection locks.
  await lockGrants(tx, userId);
  await lockTokens(tx, await selectOwn(tx, userId));
  return await selectHashes(tx, userId);
}

/** What ended with somebody's membership. */
export interface EndedTokens {
  /** Hashes, as hex, that every replica has to forget once the transaction is committed. */
  readonly hashes: readonly string[];
  readonly tokens: readonly TokenId[];
}

/**
 * Ends what a person who leaves made for themselves, all below it, and those of the team's tokens by them
 * that somebody decided to revoke. Their membership is locked. Their apps end with it; the hashes are of
 * those, too.
 *
 * @param revoked Tokens of the team; those that the person did not make are left alone.
 */
export async function endTokensOf(
  tx: Tx,
  userId: UserId,
  revoked: readonly TokenId[],
): Promise<EndedTokens> {
  await lockGrants(tx, userId);
  const team = (await selectTeamTokens(tx, userId)).map(({ id }) => id);
  const ending = [
    ...await selectOwn(tx, userId),
    ...team.filter((id) => revoked.includes(id)),
  ];
  await lockTokens(tx, ending);
  const hashes = await selectHashes(tx, userId);
  const ended = await markEnded(tx, ending);
  return {
    hashes: [...new Set([...hashes, ...ended.map(({ hash }) => hash)])],
    tokens: ended.map(({ id }) => id),
  };
}
