/** Accounts, sessions, proofs by mail, teams, and who may do what. */
export { ACCESS_SECONDS } from "./access_token.ts";
export {
  type Account,
  type BrowserActor,
  emailAddress,
  LOCAL_ADDRESS,
  principalOf,
  type Session,
} from "./account.ts";
export { type Credentials, localAccount, signIn } from "./accounts.ts";
export { changeEmail, NEW_EMAIL_PATH, requestEmailChange } from "./addresses.ts";
export type { ChallengeId } from "./challenges.ts";
export { confirmByCode, confirmByPassword, requestConfirmation } from "./confirm.ts";
export { transferOwnership } from "./ownership.ts";
export { changePassword, openReset, requestReset, RESET_PATH, resetPassword } from "./passwords.ts";
export {
  abilitiesOf,
  type Asker,
  authorize,
  may,
  type Permission,
  PERMISSIONS,
} from "./permissions.ts";
export { atLeast, type Role, ROLES } from "../principal.ts";
export {
  endOtherSessions,
  endOwnSession,
  endSession,
  listSessions,
  readSession,
  refreshSession,
  SESSION_DAYS,
  SESSION_MAX_DAYS,
  sessionCsrfToken,
  type SessionTokens,
  startSession,
  sweepExpired,
  switchTenant,
} from "./sessions.ts";
export type { SessionView } from "./session_store.ts";
export { requireStanding } from "./standing.ts";
export {
  createSignInLink,
  LINK_PATH,
  type LinkView,
  openSignInLink,
  requestSignIn,
  useSignInCode,
  useSignInLink,
} from "./sign_in_mail.ts";
export type { SignInStep } from "./sign_in_step.ts";
export { requestSignUp } from "./sign_up.ts";
export {
  acceptInvitation,
  changeRole,
  INVITATION_DAYS,
  INVITATION_PATH,
  invite,
  listMemberships,
  openInvitation,
  readTeam,
  removeMember,
  renameTeam,
  withdrawInvitation,
} from "./teams.ts";
export type { InvitationView, Invited, Membership, MemberView } from "./team_store.ts";
