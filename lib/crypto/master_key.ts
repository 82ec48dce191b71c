import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

/**
 * The key that wraps tenants' data keys. A key management service fits behind the same interface: it
 * never gives its key out, so data keys travel to it, not it to us.
 */
export interface MasterKey {
  /** Names the key, so that a wrapped data key tells which one opens it. */
  readonly id: string;
  /** Wraps a data key; `context` is authenticated and must be given again to unwrap. */
  wrap(dataKey: Uint8Array, context: string): Promise<Uint8Array>;
  /** Unwraps; throws where key, context or ciphertext do not belong together. */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Derives a key for one named use (signing cursors, sealing cookies); the same on every replica. */
  derive(purpose: string): Promise<Uint8Array<ArrayBuffer>>;
}

const NONCE = 12;
const TAG = 16;

/** AES-256-GCM (NIST SP 800-38D): nonce, ciphertext, tag in one byte string. */
export function encrypt(key: Uint8Array, plain: Uint8Array, aad: string): Uint8Array<ArrayBuffer> {
  // 96 random bits a message: safe for 2^32 messages a key, far beyond what one tenant seals.
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(new TextEncoder().encode(aad));
  const body = cipher.update(plain);
  cipher.final();
  const out = new Uint8Array(NONCE + body.length + TAG);
  out.set(nonce);
  out.set(body, NONCE);
  out.set(cipher.getAuthTag(), NONCE + body.length);
  return out;
}

/** Reverses `encrypt`; throws where anything was changed or `aad` differs. */
export function decrypt(key: Uint8Array, sealed: Uint8Array, aad: string): Uint8Array<ArrayBuffer> {
  if (sealed.length < NONCE + TAG) throw new Error("ciphertext is too short");
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE));
  decipher.setAAD(new TextEncoder().encode(aad));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const plain = decipher.update(sealed.subarray(NONCE, sealed.length - TAG));
  decipher.final();
  return new Uint8Array(plain);
}

/** A master key held in memory: from the environment or a file that only we can read. */
export async function localMasterKey(key: Uint8Array<ArrayBuffer>): Promise<MasterKey> {
  const id = `local:${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
  const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const derive = async (purpose: string) =>
    new Uint8Array(
      await crypto.subtle.deriveBits(
        {
          name: "HKDF",
          hash: "SHA-256",
          salt: new Uint8Array(),
          info: new TextEncoder().encode(`bulkhead/${purpose}`),
        },
        base,
        256,
      ),
    );
  // Wrapping has a key of its own, so that no two uses share one.
  const wrapping = await derive("wrap");
  return {
    id,
    derive,
    wrap: (dataKey, context) => Promise.resolve(encrypt(wrapping, dataKey, context)),
    unwrap: (wrapped, context) =>
      new Promise((resolve) => resolve(decrypt(wrapping, wrapped, context))),
  };
}

/** Reads the key file, or makes it (mode 0600) where there is none yet. */
export async function readKeyFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const read = async () => Uint8Array.fromBase64((await Deno.readTextFile(path)).trim());
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await read();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // Written whole under another name, then linked: two processes at once keep one and the same key.
    const draft = `${path}.${crypto.randomUUID()}`;
    const text = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    await Deno.writeTextFile(draft, text, { mode: 0o600, createNew: true });
    try {
      await Deno.link(draft, path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    } finally {
      await Deno.remove(draft);
    }
    bytes = await read();
  }
  if (bytes.length !== 32) throw new Error("The master key file does not hold 32 bytes.");
  return bytes;
}
