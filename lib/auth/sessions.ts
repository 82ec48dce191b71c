import type { AuditActor } from "../audit/mod.ts";
import { CacheKind, MAX_LEASE_MS } from "../cache/mod.ts";
import { hmac, randomSecret, sha256 } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { newId, type SessionId, type TenantId } from "../ids.ts";
import type { Services } from "../services.ts";
import { signAccess, verifyAccess } from "./access_token.ts";
import { type Account, type BrowserActor, LOCAL_ADDRESS, type Session } from "./account.ts";
import { deleteExpiredFactors } from "./factors/factor_store.ts";
import { keysOf } from "./keys.ts";
import { newSignInMail } from "./mails.ts";
import {
  confirmStored,
  deleteExpired,
  deleteOthers,
  deleteSession,
  findByToken,
  insertSession,
  moveStored,
  rotateStored,
  selectSession,
  selectSessions,
  type SessionProof,
  type SessionView,
} from "./session_store.ts";
import { readAccountById } from "./store.ts";

const DAY = 86_400_000;
/** Days after the last use at which a session ends. */
export const SESSION_DAYS = 14;
/** Days after its start at which a session ends, used or not; the database holds it to that. */
export const SESSION_MAX_DAYS = 30;
const GRACE_SECONDS = 30;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/**
 * Live sessions by id. Whoever changes or ends one makes every replica forget it; the lease bounds how
 * long one that cannot be told may go on.
 */
export const SESSIONS = new CacheKind<Session>("auth.sessions", MAX_LEASE_MS, 50_000);

/** What a browser keeps of a session. */
export interface SessionTokens {
  /** JWT, shown at each request; ten minutes. */
  readonly access: string;
  /** Opaque, good for one exchange for the next pair; only its SHA-256 is kept. */
  readonly refresh: string;
}

const livesUntil = (services: Services) => new Date(services.clock.now() + SESSION_DAYS * DAY);

/** Makes every replica forget sessions: called after the transaction that changed or ended them. */
export async function forgetSessions(services: Services, ids: readonly string[]): Promise<void> {
  if (ids.length) await services.replicas.forget(SESSIONS.name, ids);
}

/** Tells somebody by mail that they, or somebody else, signed in from where they never were. */
function tellNewPlace(services: Services, { userId }: Account, actor: BrowserActor): void {
  const at = new Date(services.clock.now());
  services.mailer.post(async () => {
    const account = await readAccountById(services.control, userId);
    if (!account || account.email === LOCAL_ADDRESS) return null;
    return newSignInMail(services, account.email, { at, ...actor });
  });
}

/**
 * Starts a session of an account whose address is proved. What is new about the place is mailed.
 *
 * @param proof Uses a second factor up: without, the database starts none where the account has one.
 */
export async function startSession(
  services: Services,
  account: Account,
  actor: BrowserActor,
  proof?: SessionProof,
): Promise<SessionTokens> {
  const refresh = randomSecret();
  const id = newId<SessionId>();
  const news = await insertSession(
    services.control,
    {
      ...account,
      id,
      hash: sha256(refresh),
      expiresAt: livesUntil(services),
    },
    actor,
    proof,
  );
  if (news) tellNewPlace(services, account, actor);
  return { access: await signAccess(services, id), refresh };
}

/** The session of an id; null where it has ended or expired. */
async function sessionOf(services: Services, id: SessionId): Promise<Session | null> {
  const cache = services.caches.of(SESSIONS);
  try {
    const session = cache.peek(id) ?? await cache.get(id, async () => {
      const found = await selectSession(services.control, id);
      // Thrown, not kept: what has ended must not push live entries out of the cache.
      if (!found) throw new AppError("AUTHENTICATION_REQUIRED");
      return found;
    });
    return session.expiresAt.getTime() > services.clock.now() ? session : null;
  } catch (error) {
    if (error instanceof AppError && error.code === "AUTHENTICATION_REQUIRED") return null;
    throw error;
  }
}

/** The session of an access token; null where the token is none or too old, or the session has ended. */
export async function readSession(services: Services, access: string): Promise<Session | null> {
  const id = await verifyAccess(services, access);
  return id && await sessionOf(services, id);
}

/** A session as it is now; null where it has ended meanwhile. */
export function rereadSession(services: Services, { id }: Session): Promise<Session | null> {
  return sessionOf(services, id);
}

/**
 * Exchanges a refresh token for the next pair. The successor is derived from what is presented, so that
 * tabs which present the same token within 30 seconds get the same one, though only hashes are kept.
 * One that comes back later was copied: the session ends, for both who have it.
 */
export async function refreshSession(
  services: Services,
  presented: string,
  actor: BrowserActor,
): Promise<{ session: Session; tokens: SessionTokens } | null> {
  if (!SECRET.test(presented)) return null;
  const hash = sha256(presented);
  const owner = await findByToken(services.control, hash);
  if (!owner) return null;
  const refresh = hmac((await keysOf(services)).refresh, presented)
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const outcome = await rotateStored(services.control, owner, {
    presented: hash,
    successor: sha256(refresh),
    livesUntil: livesUntil(services),
    graceSeconds: GRACE_SECONDS,
  }, actor);
  await forgetSessions(services, outcome === "reused" ? [owner.id] : []);
  if (outcome === "reused" || outcome === "unknown") return null;
  const session = await sessionOf(services, owner.id);
  return session &&
    { session, tokens: { access: await signAccess(services, session.id), refresh } };
}

/** Ends a session: both of its tokens are refused from now on, everywhere. */
export async function endSession(
  services: Services,
  session: Session,
  actor: AuditActor,
): Promise<void> {
  await deleteSession(services.control, session, session.id, actor);
  await forgetSessions(services, [session.id]);
}

/** Every session of a person, the one used last first. */
export function listSessions(services: Services, session: Session): Promise<SessionView[]> {
  return selectSessions(services.control, session.userId);
}

/**
 * Ends another session of the same person.
 *
 * @throws AppError NOT_FOUND where they have no such session.
 */
export async function endOwnSession(
  services: Services,
  session: Session,
  id: SessionId,
  actor: AuditActor,
): Promise<void> {
  if (!await deleteSession(services.control, session, id, actor)) throw new AppError("NOT_FOUND");
  await forgetSessions(services, [id]);
}

/** Ends every session of a person but `kept`; null keeps none. Answers how many there were. */
export async function endOtherSessions(
  services: Services,
  account: Account,
  kept: SessionId | null,
  actor: AuditActor,
): Promise<number> {
  const ended = await deleteOthers(services.control, account, kept, actor);
  await forgetSessions(services, ended);
  return ended.length;
}

/** Notes that whoever is signed in has just proved who they are. */
export async function confirmSession(
  services: Services,
  session: Session,
  actor: AuditActor,
  proof?: SessionProof,
): Promise<void> {
  await confirmStored(services.control, session, actor, proof);
  await forgetSessions(services, [session.id]);
}

/**
 * Goes on in another tenant of the same person.
 *
 * @throws AppError NOT_FOUND where they are no member of it.
 */
export async function switchTenant(
  services: Services,
  session: Session,
  tenantId: TenantId,
  actor: AuditActor,
): Promise<void> {
  if (!await moveStored(services.control, session, tenantId, actor)) {
    throw new AppError("NOT_FOUND");
  }
  await forgetSessions(services, [session.id]);
}

/** The CSRF token of a session's forms: the same in every tab, however often its tokens rotate. */
export async function sessionCsrfToken(services: Services, session: Session): Promise<string> {
  return hmac((await keysOf(services)).csrf, session.id)
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Deletes sessions, proofs and invitations that have expired; run now and then. */
export async function sweepExpired(services: Services): Promise<void> {
  await deleteExpired(services.control);
  await deleteExpiredFactors(services.control);
}
