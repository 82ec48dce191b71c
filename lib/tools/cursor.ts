import { CacheKind } from "../cache/mod.ts";
import { equalBytes, hmac } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { type EndpointScope, reachIn } from "../principal.ts";
import type { Services } from "../services.ts";
import { canonical } from "./canonical.ts";

const KEYS = new CacheKind<Uint8Array>("tools.cursor_key", Infinity, 1);
const MAC_BYTES = 16;
const MAX_LENGTH = 20_000;
const BASE64 = { alphabet: "base64url", omitPadding: true } as const;

/** The key values of the last row of a page, as Postgres wrote them. */
export type KeyValues = readonly (string | null)[];

/** The key that signs cursors: the same on every replica. */
export function cursorKey(services: Services): Promise<Uint8Array> {
  return services.caches.of(KEYS).get("key", () => services.masterKey.derive("cursor"));
}

/** What a cursor is bound to: endpoint, permissions and the query, without cursor and limit. */
export function cursorBinding(scope: EndpointScope, tool: string, query: unknown): string {
  const { scope: bound, abilities } = scope.principal;
  const reach = reachIn(scope.principal, scope.endpoint.id);
  const own = reach ? [reach.key] : [];
  return canonical([scope.endpoint.id, bound, [...abilities].sort(), tool, query, ...own]);
}

const mac = (key: Uint8Array, binding: string, payload: string) =>
  // A length before the first part, so that no two pairs run together into one text.
  hmac(key, `${binding.length}:${binding}${payload}`).subarray(0, MAC_BYTES);

/** Seals the key values of a page's last row. */
export function sealCursor(key: Uint8Array, binding: string, values: KeyValues): string {
  const payload = JSON.stringify(values);
  return mac(key, binding, payload).toBase64(BASE64) +
    new TextEncoder().encode(payload).toBase64(BASE64);
}

/**
 * Opens a cursor.
 *
 * @throws AppError INVALID_CURSOR for one that was changed or belongs to another query, endpoint or
 * permission.
 */
export function openCursor(
  key: Uint8Array,
  binding: string,
  cursor: string,
  terms: number,
): KeyValues {
  if (cursor.length <= MAX_LENGTH) {
    // 16 bytes are 22 characters of base64url.
    const [seal, body] = [decode(cursor.slice(0, 22)), decode(cursor.slice(22))];
    if (seal && body) {
      const payload = new TextDecoder().decode(body);
      if (equalBytes(seal, mac(key, binding, payload))) {
        const values = JSON.parse(payload) as KeyValues;
        // A new manifest may have given the table another key since.
        if (values.length === terms) return values;
      }
    }
  }
  throw new AppError(
    "INVALID_CURSOR",
    "The cursor does not belong to this query; a cursor goes with the very same arguments.",
  );
}

function decode(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    // One spelling only: the last character has bits that decoding ignores.
    return bytes.toBase64(BASE64) === text ? bytes : null;
  } catch {
    return null;
  }
}
