import { createVerify, type KeyObject } from "node:crypto";

/**
 * Whether a signature is of these bytes, by this key: ECDSA over P-256 with SHA-256.
 *
 * @param signature Base64 of the DER form, whose two numbers have any length up to 33 bytes: `node:crypto`
 * reads it, whereas WebCrypto would want both padded to 32.
 */
export function isSignedBy(key: KeyObject, body: Uint8Array, signature: string): boolean {
  try {
    return createVerify("SHA256").update(body).verify(key, Uint8Array.fromBase64(signature));
  } catch {
    // No base64, or no DER.
    return false;
  }
}
