import { type ClientId, type GrantId, parseId } from "../../lib/ids.ts";
import { disconnectApp, removeManualClient, reviewApp } from "../../lib/oauth/mod.ts";
import { memberPage } from "../../lib/web/mod.ts";

/** `/apps/{id}/disconnect`: the app is refused from now on. */
export const disconnectPage = memberPage("/apps/:id/disconnect", {
  async post(page) {
    await disconnectApp(page.services, page.scope, parseId<GrantId>(page.param("id")));
    return page.redirect("/apps", "app_disconnected");
  },
});

/** `/apps/{id}/review`: what the app changes waits for approval from now on. */
export const reviewAppPage = memberPage("/apps/:id/review", {
  async post(page) {
    await reviewApp(page.services, page.scope, parseId<GrantId>(page.param("id")));
    return page.redirect("/apps", "app_reviewed");
  },
});

/** `/apps/clients/{id}/remove`: an app registered by hand goes, with all its connections. */
export const removeClientPage = memberPage("/apps/clients/:id/remove", {
  async post(page) {
    await removeManualClient(page.services, page.scope, parseId<ClientId>(page.param("id")));
    return page.redirect("/apps", "app_removed");
  },
});
