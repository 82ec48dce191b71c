import { decrypt, encrypt } from "../crypto/mod.ts";
import type { Services } from "../services.ts";

/** Seconds within which what is shown once must be shown. */
export const ONCE_SECONDS = 60;

const key = (services: Services) => services.masterKey.derive("cookie/once");

/**
 * Seals a text that the page after a redirect shows once (a token that was just made, which nothing
 * else keeps). Bound to the session, so that it opens in no other, and to a minute.
 */
export async function sealOnce(
  services: Services,
  sessionId: string,
  text: string,
): Promise<string> {
  const until = services.clock.now() + ONCE_SECONDS * 1000;
  const plain = new TextEncoder().encode(JSON.stringify({ until, text }));
  return encrypt(await key(services), plain, sessionId).toBase64({ alphabet: "base64url" });
}

/** Opens what `sealOnce` made; null for anything else, another session's, or too late. */
export async function openOnce(
  services: Services,
  sessionId: string,
  sealed: string,
): Promise<string | null> {
  try {
    const bytes = Uint8Array.fromBase64(sealed, { alphabet: "base64url" });
    const plain = decrypt(await key(services), bytes, sessionId);
    const { until, text } = JSON.parse(new TextDecoder().decode(plain));
    return until > services.clock.now() ? String(text) : null;
  } catch {
    return null;
  }
}
