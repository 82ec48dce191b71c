import { AppError } from "../errors.ts";
import { equalBytes, hmac } from "../crypto/mod.ts";

/** Header in which scripts send the CSRF token; forms send it in a field. */
export const CSRF_HEADER = "x-csrf-token";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Tells whether a method only reads (RFC 9110, section 9.2.1). */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/**
 * Refuses a write that did not come from our own pages. Fails closed: a request that tells neither
 * its origin nor its site is refused, and one that tells both must be right in both.
 *
 * @throws AppError CSRF_REJECTED.
 */
export function checkSource(request: Request, ownOrigins: ReadonlySet<string>): void {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const originFits = origin === null || ownOrigins.has(origin);
  const siteFits = site === null || site === "same-origin";
  if (!originFits || !siteFits || (origin === null && site === null)) {
    throw new AppError("CSRF_REJECTED");
  }
}

/** The CSRF token that belongs to a visit: derived from its cookie's secret, and no way back. */
export function csrfToken(secret: string): string {
  return hmac(new TextEncoder().encode(secret), "csrf")
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Compares a presented token with the visit's own.
 *
 * @throws AppError CSRF_REJECTED.
 */
export function checkToken(presented: string | null | undefined, expected: string): void {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (!presented || !equalBytes(bytes(presented), bytes(expected))) {
    throw new AppError("CSRF_REJECTED");
  }
}
