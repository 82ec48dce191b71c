import { z } from "zod";
import { emailAddress, requestSignIn, useSignInCode } from "../../lib/auth/mod.ts";
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
import { CodeField, codeSchema, MailboxHint } from "./code_field.tsx";
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
    { title: "Sign in by mail" },
    <Sheet
      title="Sign in by mail"
      faults={faults}
      foot={<a href={`/sign-in?next=${encodeURIComponent(next)}`}>Sign in by password</a>}
    >
      {refusal && <Notice tone="danger" title="No mail was sent">{refusal.text}</Notice>}
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
        <Button tone="primary">Send mail</Button>
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
      page.setChallenge(requestSignIn(page.services, checked.values.email, next, page.actor));
    } catch (error) {
      const refusal = refusalOf(error, ["RATE_LIMITED", "UNAVAILABLE"]);
      return ask(page, { refusal, email, next });
    }
    return page.redirect(`${CODE_PATH}?next=${encodeURIComponent(next)}`, "mail_sent");
  },
});

function askCode(page: PageRequest, { faults = {}, refusal, next }: Shown): Response {
  const answer = page.render(
    { title: "Type the code" },
    <Sheet
      title="Type the code"
      faults={faults}
      foot={<a href={`/sign-in/mail?next=${encodeURIComponent(next)}`}>Ask for another mail</a>}
    >
      {refusal && <Notice tone="danger" title="Not signed in">{refusal.text}</Notice>}
      <p class="soft">It stands in the mail. Or open the link that stands there too.</p>
      <MailboxHint page={page} />
      <Form action={CODE_PATH}>
        <input type="hidden" name="next" value={next} />
        <CodeField error={faults["code"]} />
        <Button tone="primary">Sign in</Button>
      </Form>
    </Sheet>,
    refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

/** `/sign-in/code`: the code of the mail, typed in the browser that asked for it. */
export const signInCodePage = publicPage(CODE_PATH, {
  get(page) {
    const next = nextPath(page.url.searchParams.get("next"), HOME);
    return page.session ? page.redirect(next) : askCode(page, { next });
  },
  async post(page, form) {
    const checked = checkForm(form, codeSchema);
    const next = nextPath(form.get("next"), HOME);
    if (!checked.ok) return askCode(page, { faults: checked.faults, next });
    try {
      const { code } = checked.values;
      page.setSession(await useSignInCode(page.services, page.challenge, code, page.actor));
    } catch (error) {
      return askCode(page, { refusal: refusalOf(error, ["CODE_WRONG", "RATE_LIMITED"]), next });
    }
    return page.redirect(next, "signed_in");
  },
});
