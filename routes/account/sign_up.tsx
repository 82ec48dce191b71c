import { z } from "zod";
import { emailAddress, requestSignUp } from "../../lib/auth/mod.ts";
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
import { SIGN_UP_CODE_PATH, withNext } from "./finish.ts";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";

const schema = z.object({
  email: emailAddress,
  password: z.string().min(1, "Choose a password."),
});

interface Shown {
  faults?: Readonly<Record<string, string>>;
  /** What concerns the form as a whole. */
  refusal?: Refusal;
  email?: string | undefined;
  next: string;
}

function SignUpForm({ faults = {}, email, next }: Shown) {
  return (
    <Form action="/sign-up">
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
      <Field
        name="password"
        type="password"
        label="Password"
        hint="12 characters or more. A few words in a row are easy to keep and hard to guess."
        autocomplete="new-password"
        required
        error={faults["password"]}
      />
      <Button tone="primary">Create account</Button>
    </Form>
  );
}

function show(page: PageRequest, { faults = {}, refusal, email, next }: Shown): Response {
  const answer = page.render(
    { title: "Create account" },
    <Sheet
      title="Create account"
      faults={faults}
      foot={
        <>
          Already have one? <a href={withNext("/sign-in", next)}>Sign in</a>
        </>
      }
    >
      {refusal && <Notice tone="danger" title="No account was created">{refusal.text}</Notice>}
      {page.services.mailer.available
        ? <SignUpForm faults={faults} email={email} next={next} />
        : (
          <Notice title="Nobody can sign up here">
            This server sends no mail. Whoever runs it can create a sign-in link for you.
          </Notice>
        )}
    </Sheet>,
    refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

const HOME = "/endpoints";

/** `/sign-up`: asks for an address and a password; both are an account once the address is verified. */
export const signUpPage = publicPage("/sign-up", {
  get(page) {
    const next = nextPath(page.url.searchParams.get("next"), HOME);
    return page.session ? page.redirect(next) : show(page, { next });
  },
  async post(page, form) {
    const checked = checkForm(form, schema);
    const email = form.get("email") ?? "";
    const next = nextPath(form.get("next"), HOME);
    if (!checked.ok) return show(page, { next, faults: checked.faults, email });
    try {
      page.setChallenge(await requestSignUp(page.services, checked.values, page.actor), next);
    } catch (error) {
      const refusal = refusalOf(error, ["PASSWORD_REFUSED", "RATE_LIMITED", "UNAVAILABLE"]);
      if (refusal.code !== "PASSWORD_REFUSED") return show(page, { next, refusal, email });
      return show(page, { next, faults: { password: (error as Error).message }, email });
    }
    // The same for an address that has an account: only its mail says so.
    return page.redirect(withNext(SIGN_UP_CODE_PATH, next));
  },
});

/** `/sign-up/code`: the code of the mail, entered in the browser that signed up. */
export const signUpCodePage = codePage(SIGN_UP_CODE_PATH, {
  title: "Verify your email",
  about:
    "We emailed you a code. Enter it here to verify your email, or open the link in the email.",
  button: "Verify and continue",
  again: (next) => <a href={withNext("/sign-up", next)}>Start again</a>,
});
