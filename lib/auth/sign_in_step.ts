import type { Services } from "../services.ts";
import type { Account, BrowserActor } from "./account.ts";
import type { ChallengeId } from "./challenges.ts";
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
  /** A code was mailed, since nobody has proved the address yet. */
  | { readonly kind: "verify_email"; readonly challenge: ChallengeId };

/** Ends every way of signing in: whoever comes here has shown the password, or reads the mail. */
export async function completeSignIn(
  services: Services,
  account: Account,
  state: AccountState,
  actor: BrowserActor,
): Promise<SignInStep> {
  return { kind: "signed_in", tokens: await startSession(services, account, actor), ...state };
}
