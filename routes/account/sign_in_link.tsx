import { LINK_PATH, openSignInLink, useSignInLink } from "../../lib/auth/mod.ts";
import { Button, Facts, Form, type PageRequest, publicPage, Sheet } from "../../lib/web/mod.ts";
import { finishSignIn } from "./finish.ts";
import { maskedEmail } from "./masked_email.ts";
import { spentLink } from "./spent_link.tsx";

const HOME = "/endpoints";

/** What the link is about, and where it leads in this browser. */
async function openLink(page: PageRequest) {
  const { services, challenge, actor } = page;
  const link = await openSignInLink(services, page.param("secret"), challenge, actor);
  return { email: link.email, next: (link.ownBrowser && page.challengeNext) || HOME };
}

/**
 * `/sign-in/link/{secret}`: where a one-time link lands. Opening it changes nothing, so that what
 * fetches links ahead of people does not spend it; the button does. It leads on to what this browser
 * asked for, and to nothing that another one did: a mail can be asked for by anybody.
 */
export const signInLinkPage = publicPage(`${LINK_PATH}:secret`, {
  async get(page) {
    const { services } = page;
    let opened;
    try {
      opened = await openLink(page);
    } catch (error) {
      return spentLink(page, error, { title: "Sign in", action: "/sign-in/mail" });
    }
    const { email, next } = opened;
    return page.render(
      { title: "Sign in" },
      <Sheet title="Sign in with this link">
        <Facts
          facts={[
            { label: "Account", value: maskedEmail(email) },
            {
              label: "Continue to",
              value: <code>{new URL(next, services.baseUrl).pathname}</code>,
            },
          ]}
        />
        <p class="soft">The link works once, within 15 minutes of being sent.</p>
        <Form>
          <Button tone="primary">Sign in</Button>
        </Form>
      </Sheet>,
    );
  },
  async post(page) {
    const { next } = await openLink(page);
    const { services, challenge, actor } = page;
    const step = await useSignInLink(services, page.param("secret"), challenge, actor);
    return finishSignIn(page, step, next);
  },
});
