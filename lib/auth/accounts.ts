import { SYSTEM_ACTOR } from "../audit/mod.ts";
import type { AuditActor } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";
import type { Account, BrowserActor } from "./account.ts";
import { postVerification } from "./addresses.ts";
import { homeOf } from "./home.ts";
import { checkPassword, hashPassword } from "./password.ts";
import { type SessionTokens, startSession } from "./sessions.ts";
import { insertAccount, insertEntry, readAccount } from "./store.ts";

const QUARTER_HOUR = 15 * 60_000;
// The narrow limit counts an account and a network together, so that guessing elsewhere does not lock
// its owner out; the wide one holds guessing from many networks at once.
const BY_BOTH: Limit = { name: "sign_in.account_network", attempts: 10, windowMs: QUARTER_HOUR };
const BY_ACCOUNT: Limit = { name: "sign_in.account", attempts: 100, windowMs: QUARTER_HOUR };
const BY_NETWORK: Limit = { name: "sign_in.network", attempts: 100, windowMs: QUARTER_HOUR };
const SIGN_UPS: Limit = { name: "sign_up.network", attempts: 20, windowMs: QUARTER_HOUR };

/** The address of the account that the command line makes; it has no password and gets no mail. */
const LOCAL_ADDRESS = "local@localhost";

/** What a person types to sign in or up. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

const network = (actor: AuditActor) => actor.network ?? "unknown";

/**
 * Makes an account with a tenant of its own and signs it in; a mail asks to confirm the address.
 *
 * @throws AppError EMAIL_TAKEN, PASSWORD_REFUSED, RATE_LIMITED.
 */
export async function signUp(
  services: Services,
  { email, password }: Credentials,
  actor: BrowserActor,
): Promise<SessionTokens> {
  services.limiter.take(SIGN_UPS, network(actor));
  const address = email.toLowerCase();
  const account = { userId: newId<Account["userId"]>(), tenantId: newId<Account["tenantId"]>() };
  const made = await insertAccount(services.control, {
    ...account,
    email: address,
    passwordHash: await hashPassword(password, address),
    tenantName: address,
  }, actor);
  if (!made) throw new AppError("EMAIL_TAKEN");
  postVerification(services, account.userId, address);
  return await startSession(services, account, actor);
}

/**
 * Signs in by password. Answer and time are the same for a wrong password, an account without one, and
 * an address that nobody has.
 *
 * @throws AppError SIGN_IN_FAILED, RATE_LIMITED.
 */
export async function signIn(
  services: Services,
  { email, password }: Credentials,
  actor: BrowserActor,
): Promise<SessionTokens> {
  const { control, limiter, log } = services;
  const address = email.toLowerCase();
  const both = `${address} ${network(actor)}`;
  limiter.take(BY_NETWORK, network(actor));
  limiter.take(BY_ACCOUNT, address);
  limiter.take(BY_BOTH, both);
  const account = await readAccount(control, address);
  const right = await checkPassword(password, account?.passwordHash ?? null);
  if (!account || !right) {
    if (account?.tenantId) {
      // Not awaited: the time of the answer would tell that the account exists.
      insertEntry(control, account.tenantId, "session.refused", actor)
        .catch((error) => log.error("audit.write_failed", { error }));
    }
    throw new AppError("SIGN_IN_FAILED");
  }
  limiter.clear(BY_BOTH, both);
  return await startSession(services, await homeOf(services, account), actor);
}

/** The account that the command line works for; made at the first call, the same at every later one. */
export async function localAccount(services: Services, actor: AuditActor): Promise<Account> {
  const fresh = { userId: newId<Account["userId"]>(), tenantId: newId<Account["tenantId"]>() };
  const made = await insertAccount(services.control, {
    ...fresh,
    email: LOCAL_ADDRESS,
    passwordHash: null,
    tenantName: "Local",
  }, actor);
  if (made) return fresh;
  const account = await readAccount(services.control, LOCAL_ADDRESS);
  return await homeOf(services, account!, SYSTEM_ACTOR);
}
