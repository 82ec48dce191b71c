import { type AuditActor, recordEvent, SYSTEM_ACTOR } from "../audit/mod.ts";
import { sha256Hex } from "../crypto/mod.ts";
import type { RequestId } from "../ids.ts";
import { endLeakedGrant } from "../oauth/mod.ts";
import type { Services } from "../services.ts";
import { endedWith, endLeaked, forgetTokens, tokenPrefix } from "../tokens/mod.ts";
import { type FoundLeak, lookUpLeaked, selectLiving, selectMaker } from "./store.ts";
import { tellOfLeak } from "./tell.ts";

/** A token as it was reported. */
export interface LeakedToken {
  readonly token: string;
  /** Where it was found; null where nobody says. */
  readonly url: string | null;
}

/** Who reports: nobody that we could hold to it, so the audit log calls them the system. */
export interface LeakSource {
  readonly by: "github" | "page";
  readonly requestId: RequestId;
  readonly network: string | null;
}

const MAX_URL = 2000;
const ANY_TOKEN = /bhd_[a-z]{3}_[0-9A-Za-z]{36}/g;

const UNKEEPABLE = /\p{Cc}/gu;

/**
 * An address as it may be kept: a token can stand in the address of the page that it leaked on, and
 * Postgres takes neither NUL nor half a character.
 */
function keptUrl(url: string | null): string | null {
  if (!url) return null;
  return url.replaceAll(ANY_TOKEN, (token) => `${tokenPrefix(token)}…`).replaceAll(UNKEEPABLE, "")
    .slice(0, MAX_URL).toWellFormed();
}

/** Revokes one token in its tenant; answers the hashes that every replica has to forget. */
async function revokeOne(
  services: Services,
  found: FoundLeak,
  leak: LeakedToken,
  source: LeakSource,
): Promise<string[]> {
  const { tenantId, tokenId, authorizationId, hash } = found;
  const { by, requestId, network } = source;
  const actor: AuditActor = { ...SYSTEM_ACTOR, requestId, network };
  const { hashes, told } = await services.control.tenant(tenantId, async (tx) => {
    // Connections before their tokens, as whoever else revokes locks them.
    const ended = authorizationId && await endLeakedGrant(tx, tenantId, authorizationId, actor);
    const name = tokenId && await selectLiving(tx, tokenId);
    // Also of one that was revoked before: what was made with it may go on.
    const lost = tokenId ? await endLeaked(tx, tokenId) : [];
    const subject = ended ? ended.appName : name;
    if (subject !== null) {
      await recordEvent(tx, {
        tenantId,
        action: "token.revoked",
        actor,
        subject,
        detail: {
          by,
          url: keptUrl(leak.url),
          token_id: tokenId,
          prefix: tokenPrefix(leak.token),
          ...(ended ? { grant_id: ended.grantId } : {}),
          ...(tokenId ? endedWith(tokenId, lost) : {}),
        },
      });
    }
    // Also of one that was revoked before: whoever did may not have come to tell the replicas.
    const hashes = [hash, ...lost.map((one) => one.hash), ...(ended ? ended.hashes : [])];
    if (subject === null) return { hashes, told: null };
    const makerId = await selectMaker(tx, found);
    return { hashes, told: { tenantId, name: subject, prefix: tokenPrefix(leak.token), makerId } };
  });
  if (told) tellOfLeak(services, told);
  return hashes;
}

/**
 * Revokes those of the tokens that are ours, of whatever tenant: a bearer token itself and all that was
 * made with it, and of an OAuth token the whole connection that it belongs to. No request that starts after this has settled is
 * served with one of them, by any replica. Repeating it changes nothing.
 *
 * @returns Of each token, in order, whether it is or was one of ours.
 */
export async function revokeLeaked(
  services: Services,
  leaks: readonly LeakedToken[],
  source: LeakSource,
): Promise<boolean[]> {
  const hashes = leaks.map(({ token }) => sha256Hex(token));
  // What has not even the form of a token is asked for as well: the work does not tell the two apart.
  const found = await lookUpLeaked(services.control.lookup, hashes);
  const lost: string[] = [];
  try {
    for (const one of found) {
      lost.push(...await revokeOne(services, one, leaks[hashes.indexOf(one.hash)]!, source));
    }
  } finally {
    await forgetTokens(services, lost);
  }
  const ours = new Set(found.map(({ hash }) => hash));
  return hashes.map((hash) => ours.has(hash));
}
