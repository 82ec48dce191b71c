import { z } from "zod";
import { confirmByCode, confirmByPassword, requestConfirmation } from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  Field,
  Form,
  memberPage,
  type MemberRequest,
  nextPath,
  Notice,
  Sheet,
} from "../../lib/web/mod.ts";
import { CodeField, codeSchema, MailboxHint } from "./code_field.tsx";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";

const HOME = "/account";
const PATH = "/account/confirm";

interface Shown {
  faults?: Readonly<Record<string, string>>;
  refusal?: Refusal;
  next: string;
}

function ByPassword({ next, error }: { next: string; error: string | undefined }) {
  return (
    <Form action={PATH}>
      <input type="hidden" name="next" value={next} />
      <Field
        name="password"
        type="password"
        label="Password"
        autocomplete="current-password"
        required
        error={error}
      />
      <Button tone="primary">Confirm</Button>
    </Form>
  );
}

function ByCode({ next, asked, error }: { next: string; asked: boolean; error?: string }) {
  return (
    <>
      {asked && (
        <Form action={`${PATH}/code`}>
          <input type="hidden" name="next" value={next} />
          <CodeField error={error} />
          <Button tone="primary">Confirm</Button>
        </Form>
      )}
      <Form action={`${PATH}/code`} inline>
        <input type="hidden" name="next" value={next} />
        <Button name="send" value="yes" tone={asked ? "quiet" : "primary"}>
          {asked ? "Send another code" : "Send a code by mail"}
        </Button>
      </Form>
    </>
  );
}

function show(page: MemberRequest, { faults = {}, refusal, next }: Shown): Response {
  const { session, services } = page;
  const mail = services.mailer.available;
  const code = faults["code"];
  const answer = page.render(
    { title: "Confirm that it is you", section: "account" },
    <Sheet title="Confirm that it is you" faults={faults}>
      {refusal && <Notice tone="danger" title="Not confirmed">{refusal.text}</Notice>}
      <p class="soft">
        What you are about to do matters. You are asked again ten minutes after the last time. You
        are signed in as {session.email}.
      </p>
      {session.hasPassword && <ByPassword next={next} error={faults["password"]} />}
      {mail && page.challenge !== "" && <MailboxHint page={page} />}
      {mail && (
        <ByCode next={next} asked={page.challenge !== ""} {...(code ? { error: code } : {})} />
      )}
      {!mail && !session.hasPassword && (
        <Notice tone="info" title="Sign in again">
          This account has no password, and this server sends no mail. Sign out, and sign in by a
          new link from the command line.
        </Notice>
      )}
    </Sheet>,
    refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

/** `/account/confirm`: proof of who is signed in, by password. */
export const confirmPage = memberPage(PATH, {
  get: (page) => show(page, { next: nextPath(page.url.searchParams.get("next"), HOME) }),
  async post(page, form) {
    const next = nextPath(form.get("next"), HOME);
    const schema = z.object({ password: z.string().min(1, "Type your password.") });
    const checked = checkForm(form, schema);
    if (!checked.ok) return show(page, { faults: checked.faults, next });
    try {
      await confirmByPassword(page.services, page.session, checked.values.password, page.actor);
    } catch (error) {
      return show(page, { refusal: refusalOf(error, ["SIGN_IN_FAILED", "RATE_LIMITED"]), next });
    }
    return page.redirect(next, "confirmed");
  },
});

/** `/account/confirm/code`: the same by a code; with `send`, mails one. */
export const confirmCodePage = memberPage(`${PATH}/code`, {
  async post(page, form) {
    const next = nextPath(form.get("next"), HOME);
    try {
      if (form.get("send") === "yes") {
        page.setChallenge(requestConfirmation(page.services, page.session, page.actor));
        return page.redirect(`${PATH}?next=${encodeURIComponent(next)}`, "mail_sent_again");
      }
      const checked = checkForm(form, codeSchema);
      if (!checked.ok) return show(page, { faults: checked.faults, next });
      const { code } = checked.values;
      await confirmByCode(page.services, page.session, page.challenge, code, page.actor);
    } catch (error) {
      const refusal = refusalOf(error, ["CODE_WRONG", "RATE_LIMITED", "UNAVAILABLE"]);
      return show(page, { refusal, next });
    }
    page.setChallenge(null);
    return page.redirect(next, "confirmed");
  },
});
