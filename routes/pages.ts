import { type PageRoute, permit } from "../lib/web/mod.ts";
import { emailPage, newEmailPage } from "./account/address.tsx";
import { FACTOR_PAGES } from "./account/factor_pages.ts";
import { accountPage, switchTeamPage } from "./account/overview.tsx";
import { passwordForgottenPage, passwordPage, passwordResetPage } from "./account/password.tsx";
import { endOthersPage, endSessionPage, sessionsPage } from "./account/sessions.tsx";
import { signInPage } from "./account/sign_in.tsx";
import { signInLinkPage } from "./account/sign_in_link.tsx";
import { signInCodePage, signInMailPage } from "./account/sign_in_mail.tsx";
import { signOutPage } from "./account/sign_out.ts";
import { signUpCodePage, signUpPage } from "./account/sign_up.tsx";
import { activityExportPage, activityPage } from "./activity.tsx";
import { accessPage, writesOffPage, writesPage } from "./endpoints/access.tsx";
import { changesPage } from "./changes/list.tsx";
import { changePage } from "./changes/show.tsx";
import { undoChangePage } from "./changes/undo.tsx";
import { undoSincePage } from "./changes/undo_since.tsx";
import { deletePage, foreignKeyPage, rebuildPage, settingsPage } from "./endpoints/change.ts";
import { filesPage } from "./endpoints/files.tsx";
import { endpointsPage } from "./endpoints/list.tsx";
import { newEndpointPage } from "./endpoints/new.tsx";
import { rulesPage } from "./endpoints/rules.tsx";
import { newTablesPage, openTablePage } from "./endpoints/tables.ts";
import { endpointPage } from "./endpoints/show.tsx";
import { home } from "./home.tsx";
import { cancelIngestPage } from "./ingests/cancel.ts";
import { ingestPage } from "./ingests/show.tsx";
import { leakedPage } from "./leaked.tsx";
import { mailboxPage } from "./mailbox.tsx";
import { OAUTH_PAGES } from "./oauth/pages.ts";
import { PAGE_PERMISSIONS } from "./permissions.ts";
import { reviewPage } from "./review/queue.tsx";
import { reviewedPage } from "./review/show.tsx";
import { invitePage, renamePage, rolePage, withdrawPage } from "./team/change.ts";
import { invitationPage } from "./team/invitation.tsx";
import { leavePage, removePage } from "./team/remove.tsx";
import { reviewMailPage } from "./team/review_mail.tsx";
import { rolesPage } from "./team/roles.tsx";
import { teamPage } from "./team/show.tsx";
import { transferPage } from "./team/transfer.tsx";
import { teamTwoFactorPage } from "./team/two_factor.ts";
import { leakedTokenPage } from "./tokens/leaked.tsx";
import { tokenPage } from "./tokens/show.tsx";
import { tokensPage } from "./tokens/list.tsx";
import { mintedTokenPage } from "./tokens/minted.tsx";
import { newTokenPage } from "./tokens/new.tsx";
import { revokeTokenPage } from "./tokens/revoke.ts";
import { rotateTokenPage } from "./tokens/rotate.tsx";

/** Every page: its path, who may open it, what it does. */
export const PAGES: readonly PageRoute[] = permit([
  home,
  signUpPage,
  signUpCodePage,
  signInPage,
  signInLinkPage,
  signInMailPage,
  signInCodePage,
  signOutPage,
  passwordForgottenPage,
  passwordResetPage,
  accountPage,
  switchTeamPage,
  ...FACTOR_PAGES,
  emailPage,
  newEmailPage,
  passwordPage,
  sessionsPage,
  endOthersPage,
  endSessionPage,
  teamPage,
  rolesPage,
  reviewMailPage,
  renamePage,
  invitePage,
  withdrawPage,
  rolePage,
  removePage,
  transferPage,
  leavePage,
  teamTwoFactorPage,
  invitationPage,
  leakedPage,
  mailboxPage,
  endpointsPage,
  newEndpointPage,
  endpointPage,
  filesPage,
  rebuildPage,
  foreignKeyPage,
  settingsPage,
  deletePage,
  accessPage,
  rulesPage,
  openTablePage,
  newTablesPage,
  writesPage,
  writesOffPage,
  changesPage,
  changePage,
  undoChangePage,
  undoSincePage,
  reviewPage,
  reviewedPage,
  ingestPage,
  cancelIngestPage,
  tokensPage,
  newTokenPage,
  mintedTokenPage,
  tokenPage,
  rotateTokenPage,
  revokeTokenPage,
  leakedTokenPage,
  activityPage,
  activityExportPage,
  ...OAUTH_PAGES,
], PAGE_PERMISSIONS);
