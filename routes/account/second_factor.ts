import { z } from "zod";
import { relyingParty } from "../../lib/auth/mod.ts";
import type { PageRequest } from "../../lib/web/mod.ts";

/** A form with a code of an authenticator app, or a recovery code. */
export const twoFactorSchema = z.object({
  code: z.string().trim().min(1, "Enter a code.").max(30, "This is no code."),
});

/** What a passkey filled into a form. */
export function passkeyAnswer(page: PageRequest, form: URLSearchParams) {
  return { secret: page.passkeyChallenge, credential: form.get("credential") ?? "" };
}

/** Answers a script that asks for WebAuthn's options, and keeps what its answer is known by. */
export function optionsAnswer(
  page: PageRequest,
  { options, secret }: { options: unknown; secret: string },
): Response {
  page.setPasskeyChallenge(secret);
  return Response.json(options, { headers: { "cache-control": "no-store" } });
}

/** Whether browsers take passkeys at the address that this page was asked for under. */
export function takesPasskeys({ url, services }: PageRequest): boolean {
  return url.hostname === relyingParty(services).id;
}
