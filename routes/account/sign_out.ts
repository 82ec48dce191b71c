import { endSession } from "../../lib/auth/mod.ts";
import { memberPage } from "../../lib/web/mod.ts";

/** `/sign-out`: ends the session on the server and in the browser. */
export const signOutPage = memberPage("/sign-out", {
  async post(page) {
    await endSession(page.services, page.session, page.actor);
    page.setSession(null);
    return page.redirect("/sign-in", "signed_out");
  },
});
