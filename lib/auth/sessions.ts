import type { AuditActor } from "../audit/mod.ts";
import { randomSecret, sha256 } from "../crypto/mod.ts";
import { newId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { Account, Session } from "./account.ts";
import {
  deleteExpired,
  deleteSession,
  insertSession,
  selectSession,
  touchSession,
} from "./store.ts";

const DAY = 86_400_000;
/** Days after the last use at which a session ends. */
export const SESSION_DAYS = 14;
// Writing at every request would cost more than it tells.
const TOUCH_EVERY_MS = 3_600_000;

const SECRET = /^[A-Za-z0-9_-]{43}$/;

const livesUntil = (services: Services) => new Date(services.clock.now() + SESSION_DAYS * DAY);

/** Starts a session; answers the cookie's secret, of which only the SHA-256 is kept. */
export async function startSession(
  services: Services,
  account: Account,
  actor: AuditActor,
): Promise<string> {
  const secret = randomSecret();
  const { userId, tenantId } = account;
  await insertSession(services.control, {
    userId,
    tenantId,
    id: newId(),
    hash: sha256(secret),
    expiresAt: livesUntil(services),
  }, actor);
  return secret;
}

/** The session of a cookie's secret; null where it is unknown, ended or expired. */
export async function readSession(services: Services, secret: string): Promise<Session | null> {
  if (!SECRET.test(secret)) return null;
  const found = await selectSession(services.control, sha256(secret));
  if (!found) return null;
  if (services.clock.now() - found.lastUsedAt.getTime() > TOUCH_EVERY_MS) {
    await touchSession(services.control, found.session.id, livesUntil(services));
  }
  return found.session;
}

/** Ends a session: its cookie is refused from now on. */
export async function endSession(
  services: Services,
  secret: string,
  session: Session,
  actor: AuditActor,
): Promise<void> {
  await deleteSession(services.control, sha256(secret), session, actor);
}

/** Deletes sessions and links that have expired; run now and then. */
export async function sweepExpired(services: Services): Promise<void> {
  await deleteExpired(services.control);
}
