import type { SignInStep } from "../../lib/auth/mod.ts";
import type { NoticeCode, PageRequest } from "../../lib/web/mod.ts";
import { SECOND_PATH } from "./second_step.tsx";

/** Where the code of a sign-up is entered. */
export const SIGN_UP_CODE_PATH = "/sign-up/code";

/** A path with the page that it leads on to. */
export const withNext = (path: string, next: string) => `${path}?next=${encodeURIComponent(next)}`;

function noticeOf(step: SignInStep & { kind: "signed_in" }): NoticeCode {
  if (!step.fresh) return "signed_in";
  return step.hasPassword ? "account_made" : "account_made_without_password";
}

/** Answers a step of signing in: with the page that was asked for, or the one of the next step. */
export function finishSignIn(page: PageRequest, step: SignInStep, next: string): Response {
  if (step.kind === "verify_email") {
    page.setChallenge(step.challenge, next);
    return page.redirect(withNext(SIGN_UP_CODE_PATH, next));
  }
  if (step.kind === "second_factor") {
    page.setPending(step.pending);
    return page.redirect(withNext(SECOND_PATH, next));
  }
  page.setSession(step.tokens);
  return page.redirect(next, noticeOf(step));
}
