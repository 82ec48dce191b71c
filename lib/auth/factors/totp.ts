import { Secret, TOTP } from "otpauth";

const ISSUER = "Bulkhead";
const PERIOD_SECONDS = 30;
/** RFC 4226, section 4, R6: 160 bits are recommended. */
const SECRET_BYTES = 20;

const totp = (secret: string, label = "") =>
  new TOTP({ issuer: ISSUER, label, secret: Secret.fromBase32(secret), period: PERIOD_SECONDS });

/** A new secret for an authenticator app, in base32: 32 characters. */
export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** The `otpauth://` address that an authenticator app reads from a QR code; `label` names the account. */
export function totpAddress(secret: string, label: string): string {
  return totp(secret, label).toString();
}

/**
 * The step (RFC 6238, section 4.2: half minutes since 1970) whose code this is; null where it is none of
 * this step's, the one before or the one after. Clocks may differ by that much (section 5.2).
 *
 * @param now Milliseconds since 1970.
 */
export function stepOfCode(secret: string, code: string, now: number): number | null {
  const delta = totp(secret).validate({ token: code, timestamp: now, window: 1 });
  return delta === null ? null : Math.floor(now / 1000 / PERIOD_SECONDS) + delta;
}

/** The code of a moment, as an app shows it. */
export function codeAt(secret: string, now: number): string {
  return totp(secret).generate({ timestamp: now });
}
