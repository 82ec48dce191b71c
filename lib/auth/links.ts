import type { AuditActor } from "../audit/mod.ts";
import { randomSecret, sha256 } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";
import type { Account } from "./account.ts";
import { startSession } from "./sessions.ts";
import { insertLink, spendLink } from "./store.ts";

const LINK_MS = 15 * 60_000;
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const BY_NETWORK: Limit = { name: "sign_in_link.network", attempts: 60, windowMs: LINK_MS };

/** Path of the page on which a link lands; the link's secret follows. */
export const LINK_PATH = "/sign-in/link/";

/** Makes a link that signs an account in once, within 15 minutes. Only its SHA-256 is kept. */
export async function createSignInLink(services: Services, account: Account): Promise<URL> {
  const secret = randomSecret();
  await insertLink(services.control, {
    userId: account.userId,
    tenantId: account.tenantId,
    hash: sha256(secret),
    expiresAt: new Date(services.clock.now() + LINK_MS),
  });
  return new URL(`${LINK_PATH}${secret}`, services.baseUrl);
}

/**
 * Spends a link; answers the secret of the session that it starts.
 *
 * @throws AppError LINK_SPENT where it is unknown, used or expired; RATE_LIMITED.
 */
export async function useSignInLink(
  services: Services,
  secret: string,
  actor: AuditActor,
): Promise<string> {
  services.limiter.take(BY_NETWORK, actor.network ?? "unknown");
  if (!SECRET.test(secret)) throw new AppError("LINK_SPENT");
  const account = await spendLink(services.control, sha256(secret));
  if (!account) throw new AppError("LINK_SPENT");
  return startSession(services, account, actor);
}
