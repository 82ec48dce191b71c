import { z } from "zod";
import {
  changeEmail,
  emailAddress,
  NEW_EMAIL_PATH,
  requestEmailChange,
} from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  Field,
  Form,
  memberPage,
  type MemberRequest,
  Notice,
  Sheet,
} from "../../lib/web/mod.ts";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";

type Faults = Readonly<Record<string, string>>;

function ask(page: MemberRequest, faults: Faults = {}, email = "", refusal?: Refusal): Response {
  const answer = page.render(
    { title: "New address", section: "account" },
    <Sheet title="Change your e-mail address" faults={faults}>
      {refusal && <Notice tone="danger" title="No email was sent">{refusal.text}</Notice>}
      <p class="soft">
        A link goes to the new address. Until it is used, {page.session.email}{" "}
        stays the address of your account.
      </p>
      <Form action="/account/email">
        <Field
          name="email"
          type="email"
          label="New e-mail address"
          autocomplete="email"
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

/** `/account/email`: asks for another address. */
export const emailPage = memberPage("/account/email", {
  get: (page) => ask(page),
  post(page, form) {
    const checked = checkForm(form, z.object({ email: emailAddress }));
    const typed = form.get("email") ?? "";
    if (!checked.ok) return ask(page, checked.faults, typed);
    try {
      requestEmailChange(page.services, page.session, checked.values.email, page.actor);
    } catch (error) {
      return ask(page, {}, typed, refusalOf(error, ["RATE_LIMITED", "UNAVAILABLE"]));
    }
    return page.redirect("/account", "mail_sent_again");
  },
});

/** `/account/new-email/{secret}`: where the link to the new address lands. Opening it changes nothing. */
export const newEmailPage = memberPage(`${NEW_EMAIL_PATH}:secret`, {
  get: (page) =>
    page.render(
      { title: "Confirm your new address", section: "account" },
      <Sheet title="Confirm your new address">
        <p>
          From now on your account has the address that this link was sent to, in place of{" "}
          <strong>{page.session.email}</strong>. Every other device is signed out.
        </p>
        <Form>
          <Button tone="primary">Change the address</Button>
        </Form>
      </Sheet>,
    ),
  async post(page) {
    const { services, session, actor } = page;
    page.setSession(await changeEmail(services, session, page.param("secret"), actor));
    return page.redirect("/account", "email_changed");
  },
});
