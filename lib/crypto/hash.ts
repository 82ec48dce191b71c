import { createHash, createHmac, hash, timingSafeEqual } from "node:crypto";

/** SHA-256 of a text's UTF-8 bytes: what is stored of every secret that we hand out. */
export function sha256(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(text).digest());
}

/** SHA-256 of a text as lower-case hex: the key under which caches know a secret. */
export function sha256Hex(text: string): string {
  return hash("sha256", text, "hex");
}

/** HMAC-SHA-256 of a text under a key. */
export function hmac(key: Uint8Array, text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac("sha256", key).update(text).digest());
}

/** Compares two byte strings in time that does not depend on where they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Random bytes as base64url: 32 bytes make 43 characters. */
export function randomSecret(bytes = 32): string {
  return crypto.getRandomValues(new Uint8Array(bytes))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}
