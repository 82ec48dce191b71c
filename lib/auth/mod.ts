/** Accounts, sessions, proofs by mail, teams, and who may do what. */
export { ACCESS_SECONDS } from "./access_token.ts";
export {
  type Account,
  type BrowserActor,
  emailAddress,
  type Factors,
  hasFactor,
  LOCAL_ADDRESS,
  principalOf,
  type Session,
} from "./account.ts";
export { type Credentials, localAccount, signIn } from "./accounts.ts";
export { changeEmail, NEW_EMAIL_PATH, requestEmailChange } from "./addresses.ts";
export type { ChallengeId } from "./challenges.ts";
export {
  challengeConfirmation,
  confirmByCode,
  confirmByPasskey,
  confirmIdentity,
  requestConfirmation,
} from "./confirm.ts";
export {
  beginAuthenticator,
  confirmAuthenticator,
  readNewAuthenticator,
  removeAuthenticator,
} from "./factors/authenticator.ts";
export { PASSKEY_TIMEOUT_MS } from "./factors/passkey_challenges.ts";
export { addPasskey, beginPasskey, listPasskeys, removePasskey } from "./factors/passkeys.ts";
export type { PasskeyView } from "./factors/passkey_store.ts";
export { renewRecoveryCodes } from "./factors/recovery.ts";
export { relyingParty } from "./factors/relying_party.ts";
export {
  challengeSecond,
  challengeSignIn,
  finishByCode,
  finishByPasskey,
  PENDING_MINUTES,
  readSecondStep,
  signInByPasskey,
} from "./factors/sign_in.ts";
export { holdForm, readHeldForm, takeForm } from "./held_forms.ts";
export { operatorSignIn } from "./operator.ts";
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
  rereadSession,
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
  type Departure,
  INVITATION_DAYS,
  INVITATION_PATH,
  invite,
  listMemberships,
  openInvitation,
  readDeparture,
  readTeam,
  removeMember,
  renameTeam,
  type TokenDecisions,
  withdrawInvitation,
} from "./teams.ts";
export { requireTwoFactor } from "./team_requirement.ts";
export type { InvitationView, Invited, Membership, MemberView } from "./team_store.ts";
