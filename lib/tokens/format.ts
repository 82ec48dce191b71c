import { crc32 } from "node:zlib";

/**
 * Kinds of tokens: minted by hand, OAuth access, OAuth refresh, inventory agent; of the same form, so
 * that logs and scanners know them, authorization codes and OAuth clients' secrets.
 */
export type TokenKind = "pat" | "oat" | "ort" | "agt" | "oac" | "ocs";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FORM = /^bhd_(pat|oat|ort|agt|oac|ocs)_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;

function base62(value: number, length: number): string {
  let out = "";
  for (let rest = value; out.length < length; rest = Math.floor(rest / 62)) {
    out = ALPHABET[rest % 62]! + out;
  }
  return out;
}

/** Six base62 digits of the CRC-32 of everything before them: a mistyped token needs no look-up. */
function checksum(head: string): string {
  return base62(crc32(head), 6);
}

/** Makes a new token: 30 random base62 characters (178 bits) between kind and checksum. */
export function newToken(kind: TokenKind): string {
  let random = "";
  while (random.length < 30) {
    for (const byte of crypto.getRandomValues(new Uint8Array(48))) {
      // 248 is the largest multiple of 62 in a byte: above it, digits would not be equally likely.
      if (byte < 248 && random.length < 30) random += ALPHABET[byte % 62];
    }
  }
  const head = `bhd_${kind}_${random}`;
  return head + checksum(head);
}

/**
 * The token that 32 bytes of a keyed hash stand for: the same bytes make the same token, and as good as
 * every token can come of them (a remainder of 256 bits hides no bias worth the name).
 */
export function derivedToken(kind: TokenKind, bytes: Uint8Array): string {
  let rest = BigInt(`0x${bytes.toHex()}`);
  let digits = "";
  while (digits.length < 30) {
    digits += ALPHABET[Number(rest % 62n)];
    rest /= 62n;
  }
  const head = `bhd_${kind}_${digits}`;
  return head + checksum(head);
}

/** The kind of a token whose form and checksum are right; null for anything else. */
export function tokenKind(text: string): TokenKind | null {
  const match = FORM.exec(text);
  if (!match || checksum(text.slice(0, -6)) !== match[3]) return null;
  return match[1] as TokenKind;
}

/** What may be shown and stored of a token in the clear: its first 12 characters. */
export function tokenPrefix(token: string): string {
  return token.slice(0, 12);
}
