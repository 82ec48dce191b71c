import type { MasterKey } from "../crypto/mod.ts";
import type { Services } from "../services.ts";

type Key = Uint8Array<ArrayBuffer>;

/** The keys of sessions and codes, each of one use; the same on every replica. */
export interface Keys {
  /** Signs access tokens. */
  readonly access: Key;
  /** Makes a refresh token's successor of it. */
  readonly refresh: Key;
  /** Hashes codes. */
  readonly code: Key;
  /** Makes a session's CSRF token of its id. */
  readonly csrf: Key;
  /** Seals the secrets of authenticator apps. */
  readonly authenticator: Key;
  /** Hashes recovery codes. */
  readonly recovery: Key;
  /** Seals forms that wait. */
  readonly form: Key;
}

const USES = ["access", "refresh", "code", "csrf", "authenticator", "recovery", "form"] as const;

// Derived once for a master key, which never changes while the process runs.
const derived = new WeakMap<MasterKey, Promise<Keys>>();

/** Derives the keys. */
export function keysOf({ masterKey }: Pick<Services, "masterKey">): Promise<Keys> {
  let keys = derived.get(masterKey);
  if (!keys) {
    keys = Promise.all(
      USES.map((use) => masterKey.derive(`session/${use}`)),
    ).then(([access, refresh, code, csrf, authenticator, recovery, form]) => ({
      access: access!,
      refresh: refresh!,
      code: code!,
      csrf: csrf!,
      authenticator: authenticator!,
      recovery: recovery!,
      form: form!,
    }));
    derived.set(masterKey, keys);
    keys.catch(() => derived.delete(masterKey));
  }
  return keys;
}
