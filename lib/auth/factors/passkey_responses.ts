import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { z } from "zod";
import { AppError } from "../../errors.ts";

/** Characters of an answer: far beyond what authenticators send. */
const MOST_CHARACTERS = 16_384;

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const transports = z.array(z.string().regex(/^[a-z-]{1,30}$/)).max(10);
const attachment = z.enum(["platform", "cross-platform"]).optional();

const registration = z.object({
  id: base64url.max(1400),
  rawId: base64url.max(1400),
  type: z.literal("public-key"),
  authenticatorAttachment: attachment,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: transports.optional(),
  }),
});

const authentication = z.object({
  id: base64url.max(1400),
  rawId: base64url.max(1400),
  type: z.literal("public-key"),
  authenticatorAttachment: attachment,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.max(100).nullish(),
  }),
});

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    if (text.length <= MOST_CHARACTERS) return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("PASSKEY_REFUSED", undefined, { cause });
  }
  throw new AppError("PASSKEY_REFUSED");
}

/**
 * Reads what a browser answers after making a passkey (WebAuthn Level 3, section 5.1: JSON).
 *
 * @throws AppError PASSKEY_REFUSED.
 */
export function parseRegistration(text: string): RegistrationResponseJSON {
  const answer = parse(registration, text);
  return { ...answer, clientExtensionResults: {} } as RegistrationResponseJSON;
}

/**
 * Reads what a browser answers after using a passkey.
 *
 * @throws AppError PASSKEY_REFUSED.
 */
export function parseAuthentication(text: string): AuthenticationResponseJSON {
  const answer = parse(authentication, text);
  return { ...answer, clientExtensionResults: {} } as AuthenticationResponseJSON;
}
