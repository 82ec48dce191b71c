import { z } from "zod";
import { AppError } from "../../lib/errors.ts";
import { emailAddress, signIn } from "../../lib/auth/mod.ts";
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

const schema = z.object({
  email: emailAddress,
  password: z.string().min(1, "Type your password."),
});

interface Shown {
  faults?: Readonly<Record<string, string>>;
  /** What concerns the form as a whole. */
  refusal?: string;
  email?: string;
  next: string;
  status?: number;
}

function show(page: PageRequest, { faults = {}, refusal, email, next, status }: Shown): Response {
  return page.render(
    { title: "Sign in" },
    <Sheet
      title="Sign in"
      faults={faults}
      foot={
        <>
          New here? <a href="/sign-up">Create an account</a>
        </>
      }
    >
      {refusal && <Notice tone="danger" title="Not signed in">{refusal}</Notice>}
      <Form action="/sign-in">
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
          autocomplete="current-password"
          required
          error={faults["password"]}
        />
        <Button tone="primary">Sign in</Button>
      </Form>
    </Sheet>,
    status,
  );
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
    if (!checked.ok) return show(page, { faults: checked.faults, email, next, status: 422 });
    try {
      page.setSession(await signIn(page.services, checked.values, page.actor));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { code, kind, detail } = error;
      if (code !== "SIGN_IN_FAILED" && code !== "RATE_LIMITED") throw error;
      const refusal = `${kind.title} ${detail ?? kind.next}`;
      const answer = show(page, { refusal, email, next, status: kind.status });
      if (error.retryAfter !== undefined) {
        answer.headers.set("retry-after", String(error.retryAfter));
      }
      return answer;
    }
    return page.redirect(next);
  },
});
