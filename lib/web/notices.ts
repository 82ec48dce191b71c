import type { Tone } from "./components/pieces.tsx";

const notice = (tone: Tone, text: string) => ({ tone, text });

/**
 * What a page may say after a write. A redirect carries the code alone, so that no link or cookie can
 * put words into our pages.
 */
export const NOTICES = {
  signed_in: notice("good", "You are signed in."),
  signed_out: notice("info", "You are signed out."),
  account_made: notice("good", "Your account is ready. Upload a file to get your first endpoint."),
  account_made_without_password: notice(
    "good",
    "Your email is verified. Your account has no password yet: set one under Account, or sign in with a link by email.",
  ),
  mail_sent: notice("info", "If the account exists, we have sent an email."),
  mail_sent_again: notice("info", "We have sent an email. It may take a minute."),
  confirmed: notice("good", "Your identity is verified. Go on with what you were about to do."),
  confirmed_without_file: notice(
    "warn",
    "Your identity is verified. Files are not kept meanwhile: choose the file again.",
  ),
  passkey_removed: notice("good", "The passkey is removed. It signs nobody in any more."),
  passkey_added: notice("good", "The passkey is ready. You can sign in with it from now on."),
  authenticator_added: notice("good", "The authenticator app is set up."),
  authenticator_removed: notice("good", "The authenticator app is removed."),
  two_factor_required: notice(
    "good",
    "From now on members need two-factor authentication to do anything in this team.",
  ),
  two_factor_optional: notice("info", "Members may do without two-factor authentication."),
  sign_in_again: notice("warn", "Signing in took too long, or was ended. Start again."),
  email_changed: notice(
    "good",
    "Your address is changed, and other devices are signed out. The old address has been told.",
  ),
  password_changed: notice("good", "Your password is changed, and other devices are signed out."),
  session_ended: notice("good", "That device is signed out."),
  sessions_ended: notice("good", "All other devices are signed out."),
  team_switched: notice("info", "You are in another team now."),
  team_joined: notice("good", "Welcome to the team."),
  team_renamed: notice("good", "The team has its new name."),
  ownership_transferred: notice(
    "good",
    "The ownership is transferred. You are an admin now, and both of you have been told by email.",
  ),
  team_left: notice("info", "You have left the team."),
  member_invited: notice("good", "The invitation is on its way."),
  invitation_withdrawn: notice("good", "The invitation works no more."),
  role_changed: notice("good", "The role is changed."),
  member_removed: notice("good", "The member is removed, and signed out of the team."),
  app_disconnected: notice("good", "The app is disconnected. It is refused from now on."),
  app_reviewed: notice(
    "good",
    "What the app changes waits for approval from now on. It gets its new token by itself, or asks to be connected again.",
  ),
  app_removed: notice("good", "The app is removed, and disconnected from everybody."),
  token_revoked: notice("good", "The token is revoked. It is refused from now on."),
  leak_reported: notice(
    "good",
    "Thank you. If that was a token of ours, it is refused from now on.",
  ),
  manifest_rebuilt: notice("good", "The tools were rebuilt from the tables as they are now."),
  foreign_key_declared: notice("good", "The foreign key is declared. The tools can follow it now."),
  ingest_cancelled: notice("info", "The load is being cancelled. Nothing of it stays."),
  writes_stopped: notice("good", "Writing is off. No agent changes a row from now on."),
  table_opened: notice("good", "The table is open to whoever reaches all tables."),
  rules_saved: notice("good", "The rules are saved, and hold from now on."),
  changes_undone: notice("good", "It is taken back. This is the change that did it."),
  partly_undone: notice(
    "warn",
    "Part of it is taken back, as listed here. Rows that something spoke against are as they were.",
  ),
  changes_approved: notice("good", "Approved, and done."),
  changes_rejected: notice("good", "Rejected. Nothing of it is done."),
  partly_decided: notice(
    "warn",
    "Not all of it went through. What still waits says why, and nothing of that was changed.",
  ),
  rows_unseen: notice(
    "warn",
    "There are rows that you have not looked at. Open the change and go through them, or approve them without.",
  ),
  preview_refreshed: notice("info", "This is what it would do to the rows as they are now."),
  nothing_chosen: notice("warn", "Choose at least one change first."),
  nothing_undone: notice("info", "There was nothing to take back any more."),
  settings_saved: notice("good", "The settings are saved."),
  endpoint_deleted: notice("good", "The endpoint, its database and everything in it are deleted."),
  already_loaded: notice("info", "This file is loaded already. Here is the load that did it."),
} as const;

/** Code of a notice. */
export type NoticeCode = keyof typeof NOTICES;

/** Parses a notice's code; null for anything else. */
export function parseNotice(text: string | null): NoticeCode | null {
  return text !== null && Object.hasOwn(NOTICES, text) ? text as NoticeCode : null;
}
