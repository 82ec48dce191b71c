import type { OutboundPolicy } from "../../lib/http/mod.ts";
import { type PageRoute, permit } from "../../lib/web/mod.ts";
import { PAGE_PERMISSIONS } from "../permissions.ts";
import { appsPage } from "./apps.tsx";
import { authorizePages } from "./authorize.tsx";
import { disconnectPage, removeClientPage, reviewAppPage } from "./change.ts";
import { newClientPage, registeredClientPage } from "./new_client.tsx";

/**
 * The pages of the authorization server.
 *
 * @param policy Where client metadata documents may be fetched from; the public internet unless given.
 */
export function oauthPages(policy?: OutboundPolicy): PageRoute[] {
  return permit([
    ...authorizePages(policy),
    appsPage,
    disconnectPage,
    reviewAppPage,
    newClientPage,
    registeredClientPage,
    removeClientPage,
  ], PAGE_PERMISSIONS);
}

/** The pages as they are served. */
export const OAUTH_PAGES: readonly PageRoute[] = oauthPages();
