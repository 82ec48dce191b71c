import { SYSTEM_ACTOR } from "../audit/mod.ts";
import type { AuditActor } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";
import { type Account, type BrowserActor, LOCAL_ADDRESS } from "./account.ts";
import { homeOf } from "./home.ts";
import { checkPassword } from "./password.ts";
import { completeSignIn, type SignInStep } from "./sign_in_step.ts";
import { requestProof } from "./sign_up.ts";
import { insertAccount, insertEntry, readAccount } from "./store.ts";

const QUARTER_HOUR = 15 * 60_000;
// The narrow limit counts an account and a network together, so that guessing elsewhere does not lock
// its owner out; the wide one holds guessing from many networks at once.
const BY_BOTH: Limit = { name: "sign_in.account_network", attempts: 10, windowMs: QUARTER_HOUR };
const BY_ACCOUNT: Limit = { name: "sign_in.account", attempts: 100, windowMs: QUARTER_HOUR };
const BY_NETWORK: Limit = { name: "sign_in.network", attempts: 100, windowMs: QUARTER_HOUR };

/** What a person types to sign in or up. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

const network = (actor: AuditActor) => actor.network ?? "unknown";

/**
 * Signs in by password. Answer and time are the same for a wrong password, an account without one, and
 * an address that nobody has. An account whose address is not proved yet is mailed a code first.
 *
 * @throws AppError SIGN_IN_FAILED, RATE_LIMITED, UNAVAILABLE where a code cannot be mailed.
 */
export async function signIn(
  services: Services,
  { email, password }: Credentials,
  actor: BrowserActor,
): Promise<SignInStep> {
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
  if (!account.emailVerifiedAt) {
    const passwordHash = account.passwordHash!;
    const challenge = requestProof(services, { email: account.email, passwordHash }, actor);
    return { kind: "verify_email", challenge };
  }
  const state = { fresh: false, hasPassword: true };
  return await completeSignIn(services, await homeOf(services, account), state, actor);
}

/** The account that the command line works for, which is proved by that; made at the first call, the same at every later one. */
export async function localAccount(services: Services, actor: AuditActor): Promise<Account> {
  const fresh = { userId: newId<Account["userId"]>(), tenantId: newId<Account["tenantId"]>() };
  const wanted = { ...fresh, email: LOCAL_ADDRESS, passwordHash: null, tenantName: "Local" };
  const made = await services.control.tenant(
    fresh.tenantId,
    (tx) => insertAccount(tx, wanted, actor),
  );
  if (made) return fresh;
  const account = await readAccount(services.control, LOCAL_ADDRESS);
  return await homeOf(services, account!, SYSTEM_ACTOR);
}
