import assert from "node:assert/strict";
import {
  type BrowserActor,
  type Credentials,
  requestSignUp,
  type SessionTokens,
  useSignInCode,
} from "../../lib/auth/mod.ts";
import type { Services } from "../../lib/services.ts";

/** The latest mail to somebody, when it has been sent: its text, its link's path, its code. */
export async function latestMail(
  services: Services,
  to: string,
): Promise<{ subject: string; text: string; path: string; code: string }> {
  await services.mailer.settle();
  const mail = services.mailer.mailbox!.list().find((one) => one.to === to);
  const text = mail?.text ?? "";
  const link = /https?:\/\/\S+/.exec(text)?.[0];
  const url = link ? new URL(link) : null;
  const path = url ? url.pathname + url.search : "";
  return { subject: mail?.subject ?? "", text, path, code: /\b(\d{6})\b/.exec(text)?.[1] ?? "" };
}

/** Signs somebody up who reads their mail: as a browser does, but without one. */
export async function signedUp(
  services: Services,
  credentials: Credentials,
  actor: BrowserActor,
): Promise<SessionTokens> {
  const id = await requestSignUp(services, credentials, actor);
  const { code } = await latestMail(services, credentials.email.toLowerCase());
  const step = await useSignInCode(services, id, code, actor);
  assert.equal(step.kind, "signed_in");
  return (step as Extract<typeof step, { kind: "signed_in" }>).tokens;
}
