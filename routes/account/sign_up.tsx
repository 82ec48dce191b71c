import { z } from "zod";
import { AppError } from "../../lib/errors.ts";
import { emailAddress, signUp } from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  Field,
  Form,
  nextPath,
  type PageRequest,
  publicPage,
  Sheet,
} from "../../lib/web/mod.ts";

const schema = z.object({
  email: emailAddress,
  password: z.string().min(1, "Choose a password."),
});

type Faults = Readonly<Record<string, string>>;

function show(
  page: PageRequest,
  next: string,
  faults: Faults = {},
  email = "",
  status = 200,
): Response {
  return page.render(
    { title: "Create an account" },
    <Sheet
      title="Create an account"
      faults={faults}
      foot={
        <>
          Already have one? <a href="/sign-in">Sign in</a>
        </>
      }
    >
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
    </Sheet>,
    status,
  );
}

const HOME = "/endpoints";

/** `/sign-up`: an account with a tenant of its own. */
export const signUpPage = publicPage("/sign-up", {
  get(page) {
    const next = nextPath(page.url.searchParams.get("next"), HOME);
    return page.session ? page.redirect(next) : show(page, next);
  },
  async post(page, form) {
    const checked = checkForm(form, schema);
    const typed = form.get("email") ?? "";
    const next = nextPath(form.get("next"), HOME);
    if (!checked.ok) return show(page, next, checked.faults, typed, 422);
    try {
      page.setSession(await signUp(page.services, checked.values, page.actor));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { code, kind, detail } = error;
      if (code === "PASSWORD_REFUSED") return show(page, next, { password: detail! }, typed, 422);
      if (code !== "EMAIL_TAKEN") throw error;
      return show(page, next, { email: `${kind.title} ${kind.next}` }, typed, 409);
    }
    return page.redirect(next, "account_made");
  },
});
