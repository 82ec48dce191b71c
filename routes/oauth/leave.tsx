import type { Session } from "../../lib/auth/mod.ts";
import type { AuthorizationError } from "../../lib/oauth/mod.ts";
import { leaveTitle, LeaveView, type PageRequest, RefusedAppView } from "../../lib/web/mod.ts";

/** Sends the browser to the app, with 303 so that nothing of a form goes along (RFC 9700, 4.12). */
export const leave = (location: string) =>
  new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });

/** Says why nothing can be allowed, and leads nowhere but home. */
export const refusal = (page: PageRequest, reason: string, status = 400) =>
  page.render(
    { title: "This app cannot be connected" },
    <RefusedAppView reason={reason} />,
    status,
  );

/**
 * Tells an app of an error over the browser: at once where the account's members registered it, else by a
 * link on a page that names where it leads.
 */
export const tell = (page: PageRequest, { tenantName }: Session, error: AuthorizationError) =>
  error.trusted ? leave(error.location) : page.render(
    { title: leaveTitle(error) },
    <LeaveView error={error} tenantName={tenantName} />,
    error.code === "access_denied" ? 200 : 400,
  );
