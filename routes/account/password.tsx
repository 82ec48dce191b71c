import { z } from "zod";
import {
  changePassword,
  emailAddress,
  openReset,
  requestReset,
  RESET_PATH,
  resetPassword,
} from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  Field,
  Form,
  memberPage,
  Notice,
  type PageRequest,
  publicPage,
  Sheet,
} from "../../lib/web/mod.ts";
import { finishSignIn } from "./finish.ts";
import { maskedEmail } from "./masked_email.ts";
import { spentLink } from "./spent_link.tsx";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";

type Faults = Readonly<Record<string, string>>;

const statusOf = (faults: Faults, refusal?: Refusal) =>
  refusal?.status ?? (Object.keys(faults).length ? 422 : 200);

function forgotten(page: PageRequest, faults: Faults = {}, email = "", refusal?: Refusal) {
  const answer = page.render(
    { title: "Forgotten password" },
    <Sheet
      title="Forgotten password"
      faults={faults}
      foot={<a href="/sign-in">Back to signing in</a>}
    >
      {refusal && <Notice tone="danger" title="No email was sent">{refusal.text}</Notice>}
      <p class="soft">You get a link by which you choose a new one, once, within 15 minutes.</p>
      <Form action="/password/forgotten">
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
    statusOf(faults, refusal),
  );
  return withRetry(answer, refusal);
}

/** `/password/forgotten`: asks for a link. Says the same whoever has the address, or nobody. */
export const passwordForgottenPage = publicPage("/password/forgotten", {
  get: (page) => forgotten(page),
  post(page, form) {
    const checked = checkForm(form, z.object({ email: emailAddress }));
    const email = form.get("email") ?? "";
    if (!checked.ok) return forgotten(page, checked.faults, email);
    try {
      requestReset(page.services, checked.values.email, page.actor);
    } catch (error) {
      return forgotten(page, {}, email, refusalOf(error, ["RATE_LIMITED", "UNAVAILABLE"]));
    }
    return page.redirect("/sign-in", "mail_sent");
  },
});

const schema = z.object({ password: z.string().min(1, "Choose a password.") });

/** @param email Of the account, where it is not the one that is signed in. */
function choose(page: PageRequest, faults: Faults = {}, email?: string): Response {
  return page.render(
    { title: "New password", section: "account" },
    <Sheet title="Choose a new password" faults={faults}>
      {email && (
        <p>
          For the account <strong>{maskedEmail(email)}</strong>.
        </p>
      )}
      <p class="soft">Wherever else you are signed in, you will be signed out.</p>
      <Form>
        <Field
          name="password"
          type="password"
          label="New password"
          hint="12 characters or more. A few words in a row are easy to keep and hard to guess."
          autocomplete="new-password"
          required
          error={faults["password"]}
        />
        <Button tone="primary">Set password</Button>
      </Form>
    </Sheet>,
    statusOf(faults),
  );
}

/** `/password/reset/{secret}`: where the link lands. Opening it changes nothing. */
export const passwordResetPage = publicPage(`${RESET_PATH}:secret`, {
  async get(page) {
    try {
      const { email } = await openReset(page.services, page.param("secret"), page.actor);
      return choose(page, {}, email);
    } catch (error) {
      return spentLink(page, error, { title: "New password", action: "/password/forgotten" });
    }
  },
  async post(page, form) {
    const checked = checkForm(form, schema);
    if (!checked.ok) return choose(page, checked.faults);
    try {
      const { password } = checked.values;
      const secret = page.param("secret");
      const step = await resetPassword(page.services, secret, password, page.actor);
      if (step.kind !== "signed_in") return finishSignIn(page, step, "/endpoints");
      page.setSession(step.tokens);
    } catch (error) {
      return choose(page, { password: refusalOf(error, ["PASSWORD_REFUSED"]).text });
    }
    return page.redirect("/endpoints", "password_changed");
  },
});

/** `/account/password`: a new password, for whoever has just proved who they are. */
export const passwordPage = memberPage("/account/password", {
  get: (page) => choose(page),
  async post(page, form) {
    const checked = checkForm(form, schema);
    if (!checked.ok) return choose(page, checked.faults);
    try {
      await changePassword(page.services, page.session, checked.values.password, page.actor);
    } catch (error) {
      const { text } = refusalOf(error, ["PASSWORD_REFUSED"]);
      return choose(page, { password: text });
    }
    return page.redirect("/account", "password_changed");
  },
});
