import { LINK_PATH, useSignInLink } from "../../lib/auth/mod.ts";
import { Button, Form, nextPath, publicPage, Sheet } from "../../lib/web/mod.ts";

/**
 * `/sign-in/link/{secret}`: where a one-time link lands. Opening it changes nothing, so that what
 * fetches links ahead of people does not spend it; the button does.
 */
export const signInLinkPage = publicPage(`${LINK_PATH}:secret`, {
  get: (page) =>
    page.render(
      { title: "Sign in" },
      <Sheet title="Sign in with this link">
        <p class="soft">The link works once, within 15 minutes of being made.</p>
        <Form>
          <Button tone="primary">Sign in</Button>
        </Form>
      </Sheet>,
    ),
  async post(page) {
    page.setSession(await useSignInLink(page.services, page.param("secret"), page.actor));
    return page.redirect(nextPath(page.url.searchParams.get("next"), "/endpoints"), "signed_in");
  },
});
