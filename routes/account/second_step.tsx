import {
  challengeSecond,
  finishByCode,
  finishByPasskey,
  readSecondStep,
  type SessionTokens,
} from "../../lib/auth/mod.ts";
import { AppError } from "../../lib/errors.ts";
import {
  Button,
  checkForm,
  Form,
  nextPath,
  Notice,
  type PageRequest,
  PasskeyForm,
  publicPage,
  Sheet,
  TwoFactorCode,
} from "../../lib/web/mod.ts";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";
import { optionsAnswer, passkeyAnswer, takesPasskeys, twoFactorSchema } from "./second_factor.ts";

const HOME = "/endpoints";
/** Where a second factor is asked for, after the first. */
export const SECOND_PATH = "/sign-in/verify";

/** Back to the start, where nobody waits here any more. */
function startOver(page: PageRequest, error: unknown): Response {
  if (!(error instanceof AppError) || error.code !== "AUTHENTICATION_REQUIRED") throw error;
  page.setPending(null);
  return page.redirect("/sign-in", "sign_in_again");
}

async function show(page: PageRequest, next: string, fault?: string, refusal?: Refusal) {
  const factors = await readSecondStep(page.services, page.pending);
  const passkey = factors.passkeys > 0 && takesPasskeys(page);
  const answer = page.render(
    { title: "Two-factor authentication" },
    <Sheet
      title="Two-factor authentication"
      faults={fault ? { code: fault } : {}}
      foot={<a href={`/sign-in?next=${encodeURIComponent(next)}`}>Start again</a>}
    >
      {refusal && <Notice tone="danger" title="Not signed in">{refusal.text}</Notice>}
      <p class="soft">One more step: prove that it is you.</p>
      {passkey && (
        <PasskeyForm
          use="get"
          action={`${SECOND_PATH}/passkey`}
          options={`${SECOND_PATH}/passkey/options`}
          label="Use a passkey"
          primary
          along={{ next }}
        />
      )}
      <Form action={SECOND_PATH}>
        <input type="hidden" name="next" value={next} />
        <TwoFactorCode factors={factors} error={fault} />
        <Button {...(passkey ? {} : { tone: "primary" as const })}>Sign in</Button>
      </Form>
    </Sheet>,
    refusal?.status ?? (fault ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

async function finish(
  page: PageRequest,
  next: string,
  proof: () => Promise<SessionTokens>,
): Promise<Response> {
  try {
    page.setSession(await proof());
    return page.redirect(next, "signed_in");
  } catch (error) {
    const codes = ["CODE_WRONG", "PASSKEY_REFUSED", "RATE_LIMITED"] as const;
    if (!(error instanceof AppError) || !codes.some((code) => code === error.code)) {
      return startOver(page, error);
    }
    return await show(page, next, undefined, refusalOf(error, codes)).catch((ended) =>
      startOver(page, ended)
    );
  }
}

/** `/sign-in/verify`: the second factor, by a code. There is no session before it. */
export const secondStepPage = publicPage(SECOND_PATH, {
  async get(page) {
    const next = nextPath(page.url.searchParams.get("next"), HOME);
    if (page.session) return page.redirect(next);
    return await show(page, next).catch((error) => startOver(page, error));
  },
  async post(page, form) {
    const next = nextPath(form.get("next"), HOME);
    const { services, pending, actor } = page;
    const checked = checkForm(form, twoFactorSchema);
    if (!checked.ok) {
      return await show(page, next, checked.faults["code"]).catch((error) =>
        startOver(page, error)
      );
    }
    return await finish(
      page,
      next,
      () => finishByCode(services, pending, checked.values.code, actor),
    );
  },
});

/** `/sign-in/verify/passkey/options`: asks the browser for a passkey of the account that waits. */
export const secondOptionsPage = publicPage(`${SECOND_PATH}/passkey/options`, {
  post: async (page) => optionsAnswer(page, await challengeSecond(page.services, page.pending)),
});

/** `/sign-in/verify/passkey`: the second factor, by a passkey. */
export const secondPasskeyPage = publicPage(`${SECOND_PATH}/passkey`, {
  post: (page, form) =>
    finish(page, nextPath(form.get("next"), HOME), () => {
      const { services, pending, actor } = page;
      return finishByPasskey(services, pending, passkeyAnswer(page, form), actor);
    }),
});
