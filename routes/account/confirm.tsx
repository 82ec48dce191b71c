import { z } from "zod";
import {
  challengeConfirmation,
  confirmByCode,
  confirmByPasskey,
  confirmIdentity,
  hasFactor,
  requestConfirmation,
} from "../../lib/auth/mod.ts";
import {
  checkForm,
  type FormFields,
  memberPage,
  type MemberRequest,
  nextPath,
  VerifyIdentity,
  type Waiting,
} from "../../lib/web/mod.ts";
import { codeSchema } from "./code_field.tsx";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";
import { optionsAnswer, passkeyAnswer, takesPasskeys } from "./second_factor.ts";

const HOME = "/account";
const PATH = "/account/confirm";

interface Shown {
  faults?: Readonly<Record<string, string>>;
  refusal?: Refusal;
}

/** What waits for the proof, as the address or the form says. */
function waitingOf(said: URLSearchParams): Waiting {
  return {
    next: nextPath(said.get("next"), HOME),
    held: said.get("held") ?? "",
    repeat: said.get("repeat") === "yes",
  };
}

const queryOf = ({ next, held, repeat }: Waiting) =>
  new URLSearchParams({ next, ...(held && { held }), ...(repeat && { repeat: "yes" }) });

function show(page: MemberRequest, waiting: Waiting, { faults = {}, refusal }: Shown = {}) {
  const { session, services } = page;
  const answer = page.render(
    { title: "Verify your identity", section: "account" },
    <VerifyIdentity
      session={session}
      waiting={waiting}
      mail={services.mailer.available}
      mailbox={services.mailer.mailbox !== null}
      codeSent={page.challenge !== ""}
      passkeys={session.factors.passkeys > 0 && takesPasskeys(page)}
      faults={faults}
      refusal={refusal?.text}
    />,
    refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

/** Goes on: with what was sent, where that waits; else to the page that asked. */
function goOn(page: MemberRequest, { next, held, repeat }: Waiting): Response {
  if (!held) return page.redirect(next, repeat ? "confirmed_without_file" : "confirmed");
  const query = new URLSearchParams({ next });
  return page.redirect(`${PATH}/continue/${encodeURIComponent(held)}?${query}`);
}

async function proved(
  page: MemberRequest,
  form: FormFields,
  proof: () => Promise<void>,
): Promise<Response> {
  const waiting = waitingOf(form);
  try {
    await proof();
  } catch (error) {
    const refusal = refusalOf(error, [
      "SIGN_IN_FAILED",
      "CODE_WRONG",
      "PASSKEY_REFUSED",
      "RATE_LIMITED",
      "UNAVAILABLE",
    ]);
    return show(page, waiting, { refusal });
  }
  return goOn(page, waiting);
}

/** `/account/confirm`: proof of who is signed in, by password, and by a code where there is a second factor. */
export const confirmPage = memberPage(PATH, {
  get: (page) => show(page, waitingOf(page.url.searchParams)),
  async post(page, form) {
    const { session } = page;
    const second = hasFactor(session.factors);
    const schema = z.object({
      password: session.hasPassword || !second
        ? z.string("Enter your password.").min(1, "Enter your password.")
        : z.string().default(""),
      code: second ? z.string().trim().min(1, "Enter a code.").max(30) : z.string().default(""),
    });
    const checked = checkForm(form, schema);
    if (!checked.ok) return show(page, waitingOf(form), { faults: checked.faults });
    return await proved(
      page,
      form,
      () => confirmIdentity(page.services, session, checked.values, page.actor),
    );
  },
});

/** `/account/confirm/code`: the same by a code from a mail; with `send`, mails one. */
export const confirmCodePage = memberPage(`${PATH}/code`, {
  async post(page, form) {
    const { services, session, actor } = page;
    const waiting = waitingOf(form);
    if (form.get("send") === "yes") {
      try {
        page.setChallenge(requestConfirmation(services, session, actor));
      } catch (error) {
        return show(page, waiting, { refusal: refusalOf(error, ["RATE_LIMITED", "UNAVAILABLE"]) });
      }
      return page.redirect(`${PATH}?${queryOf(waiting)}`, "mail_sent_again");
    }
    const checked = checkForm(form, codeSchema);
    if (!checked.ok) return show(page, waiting, { faults: checked.faults });
    return await proved(page, form, async () => {
      await confirmByCode(services, session, page.challenge, checked.values.code, actor);
      page.setChallenge(null);
    });
  },
});

/** `/account/confirm/passkey/options`: asks the browser for a passkey of this account. */
export const confirmOptionsPage = memberPage(`${PATH}/passkey/options`, {
  async post(page) {
    return optionsAnswer(page, await challengeConfirmation(page.services, page.session));
  },
});

/** `/account/confirm/passkey`: the same by a passkey. */
export const confirmPasskeyPage = memberPage(`${PATH}/passkey`, {
  post: (page, form) =>
    proved(page, form, () => {
      const answer = passkeyAnswer(page, form);
      page.setPasskeyChallenge(null);
      return confirmByPasskey(page.services, page.session, answer, page.actor);
    }),
});
