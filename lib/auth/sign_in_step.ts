import type { Services } from "../services.ts";
import type { Account, BrowserActor } from "./account.ts";
import type { ChallengeId } from "./challenges.ts";
import { askSecondFactor } from "./factors/sign_in.ts";
import { type SessionTokens, startSession } from "./sessions.ts";

/** What an account was before somebody signed in to it. */
export interface AccountState {
  /** Whether its address was proved by this. */
  readonly fresh: boolean;
  readonly hasPassword: boolean;
}

/** Where signing in has got to: done, or what it takes yet. */
export type SignInStep =
  | ({ readonly kind: "signed_in"; readonly tokens: SessionTokens } & AccountState)
  /** The account has a second factor: it is asked for in the browser that keeps `pending`. */
  | { readonly kind: "second_factor"; readonly pending: string }
  /** A code was mailed, since nobody has proved the address yet. */
  | { readonly kind: "verify_email"; readonly challenge: ChallengeId };

/**
 * Ends every way of signing in but a passkey: whoever comes here has shown the password, or reads the mail.
 * Where the account has a second factor there is no session yet.
 */
export async function completeSignIn(
  services: Services,
  account: Account,
  state: AccountState,
  actor: BrowserActor,
): Promise<SignInStep> {
  const pending = await askSecondFactor(services, account);
  if (pending !== null) return { kind: "second_factor", pending };
  return { kind: "signed_in", tokens: await startSession(services, account, actor), ...state };
}
