import { challengeSignIn, signInByPasskey } from "../../lib/auth/mod.ts";
import { nextPath, Notice, publicPage, Sheet } from "../../lib/web/mod.ts";
import { refusalOf, withRetry } from "./refusal.ts";
import { optionsAnswer, passkeyAnswer } from "./second_factor.ts";

const HOME = "/endpoints";
const PATH = "/sign-in/passkey";

/** `/sign-in/passkey/options`: asks the browser for any passkey of this site. */
export const signInOptionsPage = publicPage(`${PATH}/options`, {
  post: async (page) => optionsAnswer(page, await challengeSignIn(page.services, page.actor)),
});

/** `/sign-in/passkey`: signs in by a passkey alone. */
export const signInPasskeyPage = publicPage(PATH, {
  async post(page, form) {
    const next = nextPath(form.get("next"), HOME);
    try {
      const answer = passkeyAnswer(page, form);
      page.setSession(await signInByPasskey(page.services, answer, page.actor));
    } catch (error) {
      const refusal = refusalOf(error, ["PASSKEY_REFUSED", "RATE_LIMITED"]);
      const answer = page.render(
        { title: "Sign in" },
        <Sheet
          title="Not signed in"
          foot={<a href={`/sign-in?next=${encodeURIComponent(next)}`}>Back to signing in</a>}
        >
          <Notice tone="danger" title="The passkey was not accepted">{refusal.text}</Notice>
        </Sheet>,
        refusal.status,
      );
      return withRetry(answer, refusal);
    }
    return page.redirect(next, "signed_in");
  },
});
