import { z } from "zod";
import { emailAddress, signIn } from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  Field,
  Form,
  nextPath,
  Notice,
  type PageRequest,
  PasskeyForm,
  publicPage,
  Sheet,
} from "../../lib/web/mod.ts";
import { finishSignIn, withNext } from "./finish.ts";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";
import { takesPasskeys } from "./second_factor.ts";

const schema = z.object({
  email: emailAddress,
  password: z.string().min(1, "Type your password."),
});

interface Shown {
  faults?: Readonly<Record<string, string>>;
  /** What concerns the form as a whole. */
  refusal?: Refusal;
  email?: string;
  next: string;
}

function Foot({ next, mail }: { next: string; mail: boolean }) {
  if (!mail) return <>This server sends no mail. Whoever runs it can create a sign-in link.</>;
  return (
    <>
      New here? <a href={withNext("/sign-up", next)}>Create account</a>
      <br />
      <a href={withNext("/sign-in/mail", next)}>Email me a link</a> ·{" "}
      <a href="/password/forgotten">Forgot your password?</a>
    </>
  );
}

function show(page: PageRequest, { faults = {}, refusal, email, next }: Shown): Response {
  const answer = page.render(
    { title: "Sign in" },
    <Sheet
      title="Sign in"
      faults={faults}
      foot={<Foot next={next} mail={page.services.mailer.available} />}
    >
      {refusal && (
        <Notice tone="danger" title="Not signed in">
          {refusal.text} {refusal.code === "SIGN_IN_FAILED" &&
            "If you have just created your account, verify your email first."}
        </Notice>
      )}
      <Form action="/sign-in">
        <input type="hidden" name="next" value={next} />
        <Field
          name="email"
          type="email"
          label="E-mail address"
          autocomplete={takesPasskeys(page) ? "username webauthn" : "username"}
          required
          maxLength={254}
          value={email}
          error={faults["email"]}
        />
        <Field
          name="password"
          type="password"
          label="Password"
          autocomplete="current-password"
          required
          error={faults["password"]}
        />
        <Button tone="primary">Sign in</Button>
      </Form>
      {takesPasskeys(page) && (
        <PasskeyForm
          use="get"
          action="/sign-in/passkey"
          options="/sign-in/passkey/options"
          label="Sign in with a passkey"
          autofill
          along={{ next }}
        />
      )}
    </Sheet>,
    refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

const HOME = "/endpoints";

/** `/sign-in`: by password. */
export const signInPage = publicPage("/sign-in", {
  get(page) {
    const next = nextPath(page.url.searchParams.get("next"), HOME);
    return page.session ? page.redirect(next) : show(page, { next });
  },
  async post(page, form) {
    const checked = checkForm(form, schema);
    const email = form.get("email") ?? "";
    const next = nextPath(form.get("next"), HOME);
    if (!checked.ok) return show(page, { faults: checked.faults, email, next });
    try {
      const step = await signIn(page.services, checked.values, page.actor);
      return finishSignIn(page, step, next);
    } catch (error) {
      const refusal = refusalOf(error, ["SIGN_IN_FAILED", "RATE_LIMITED", "UNAVAILABLE"]);
      return show(page, { refusal, email, next });
    }
  },
});
