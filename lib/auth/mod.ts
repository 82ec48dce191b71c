/** Accounts, sessions and sign-in links. */
export { type Account, emailAddress, principalOf, type Role, type Session } from "./account.ts";
export { type Credentials, localAccount, signIn, signUp } from "./accounts.ts";
export { createSignInLink, LINK_PATH, useSignInLink } from "./links.ts";
export { passwordFault } from "./password.ts";
export { endSession, readSession, SESSION_DAYS, startSession, sweepExpired } from "./sessions.ts";
