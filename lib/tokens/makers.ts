import type { TokenId, UserId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import { markEnded, selectHashes, selectOwn, selectTeamTokens } from "./line_store.ts";
import { lockTokens } from "./store.ts";

/** What ended with somebody's membership. */
export interface EndedTokens {
  /** Hashes, as hex, that every replica has to forget once the transaction is committed. */
  readonly hashes: readonly string[];
  readonly tokens: readonly TokenId[];
}

/**
 * Ends what a person who leaves made for themselves, all below it, and those of the team's tokens by them
 * that somebody decided to revoke. Their apps end with the membership; the hashes are of their tokens too.
 *
 * @param revoked Tokens of the team; those that the person did not make are left alone.
 */
export async function endTokensOf(
  tx: Tx,
  userId: UserId,
  revoked: readonly TokenId[],
): Promise<EndedTokens> {
  const hashes = await selectHashes(tx, userId);
  const team = (await selectTeamTokens(tx, userId)).map(({ id }) => id);
  const ending = [
    ...await selectOwn(tx, userId),
    ...team.filter((id) => revoked.includes(id)),
  ];
  await lockTokens(tx, ending);
  const ended = await markEnded(tx, ending);
  return {
    hashes: [...new Set([...hashes, ...ended.map(({ hash }) => hash)])],
    tokens: ended.map(({ id }) => id),
  };
}
