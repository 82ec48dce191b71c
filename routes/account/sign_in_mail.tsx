import { z } from "zod";
import { emailAddress, requestSignIn } from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  Field,
  Form,
  nextPath,
  Notice,
  type PageRequest,
  publicPage,
  Sheet,
} from "../../lib/web/mod.ts";
import { codePage } from "./code_page.tsx";
import { withNext } from "./finish.ts";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";

const HOME = "/endpoints";
const CODE_PATH = "/sign-in/code";

interface Shown {
  faults?: Readonly<Record<string, string>>;
  refusal?: Refusal;
  email?: string;
  next: string;
}

function ask(page: PageRequest, { faults = {}, refusal, email, next }: Shown): Response {
  const answer = page.render(
    { title: "Email me a link" },
    <Sheet
      title="Email me a link"
      faults={faults}
      foot={<a href={withNext("/sign-in", next)}>Sign in with a password</a>}
    >
      {refusal && <Notice tone="danger" title="No email was sent">{refusal.text}</Notice>}
      <p class="soft">You get a link and a code. Either signs you in, once, within 15 minutes.</p>
      <Form action="/sign-in/mail">
        <input type="hidden" name="next" value={next} />
        <Field
          name="email"
          type="email"
          label="E-mail address"
          autocomplete="username"
          required
          maxLength={254}
          value={email}
          error={faults["email"]}
        />
        <Button tone="primary">Email me a link</Button>
      </Form>
    </Sheet>,
    refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

/** `/sign-in/mail`: asks for a link and a code. Says the same whoever has the address, or nobody. */
export const signInMailPage = publicPage("/sign-in/mail", {
  get(page) {
    const next = nextPath(page.url.searchParams.get("next"), HOME);
    return page.session ? page.redirect(next) : ask(page, { next });
  },
  post(page, form) {
    const checked = checkForm(form, z.object({ email: emailAddress }));
    const email = form.get("email") ?? "";
    const next = nextPath(form.get("next"), HOME);
    if (!checked.ok) return ask(page, { faults: checked.faults, email, next });
    try {
      page.setChallenge(requestSignIn(page.services, checked.values.email, page.actor), next);
    } catch (error) {
      const refusal = refusalOf(error, ["RATE_LIMITED", "UNAVAILABLE"]);
      return ask(page, { refusal, email, next });
    }
    return page.redirect(withNext(CODE_PATH, next));
  },
});

/** `/sign-in/code`: the code of the mail, entered in the browser that asked for it. */
export const signInCodePage = codePage(CODE_PATH, {
  title: "Enter the code",
  about: "If the account exists, we have sent an email. Enter its code here, or open its link.",
  button: "Sign in",
  again: (next) => <a href={withNext("/sign-in/mail", next)}>Send another</a>,
});
