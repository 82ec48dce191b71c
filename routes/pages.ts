import type { PageRoute } from "../lib/web/mod.ts";
import { signInPage } from "./account/sign_in.tsx";
import { signInLinkPage } from "./account/sign_in_link.tsx";
import { signOutPage } from "./account/sign_out.ts";
import { signUpPage } from "./account/sign_up.tsx";
import { deletePage, foreignKeyPage, rebuildPage, settingsPage } from "./endpoints/change.ts";
import { filesPage } from "./endpoints/files.tsx";
import { endpointsPage } from "./endpoints/list.tsx";
import { newEndpointPage } from "./endpoints/new.tsx";
import { endpointPage } from "./endpoints/show.tsx";
import { home } from "./home.tsx";
import { cancelIngestPage } from "./ingests/cancel.ts";
import { ingestPage } from "./ingests/show.tsx";
import { OAUTH_PAGES } from "./oauth/pages.ts";
import { revokeTokenPage, rotateTokenPage } from "./tokens/change.ts";
import { tokensPage } from "./tokens/list.tsx";
import { mintedTokenPage } from "./tokens/minted.tsx";
import { newTokenPage } from "./tokens/new.tsx";

/** Every page: its path, who may open it, what it does. */
export const PAGES: readonly PageRoute[] = [
  home,
  signUpPage,
  signInPage,
  signInLinkPage,
  signOutPage,
  endpointsPage,
  newEndpointPage,
  endpointPage,
  filesPage,
  rebuildPage,
  foreignKeyPage,
  settingsPage,
  deletePage,
  ingestPage,
  cancelIngestPage,
  tokensPage,
  newTokenPage,
  mintedTokenPage,
  rotateTokenPage,
  revokeTokenPage,
  ...OAUTH_PAGES,
];
