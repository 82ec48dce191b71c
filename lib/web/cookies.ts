import { parse, serialize } from "hono/utils/cookie";

/** The cookies that pages use. */
export type CookieName =
  | "session"
  | "refresh"
  | "challenge"
  | "next"
  | "browser"
  | "visitor"
  | "notice"
  | "once"
  | "pending"
  | "passkey";

/**
 * Reads and writes our cookies: httpOnly, SameSite=Lax, for the whole site. Over https they carry the
 * `__Host-` prefix (RFC 6265bis, section 4.1.3.2), so that no neighbouring host can set them; a
 * browser refuses that prefix over http, so that loopback goes without.
 */
export interface Cookies {
  /** The value that a request brings; null where it brings none. */
  read(request: Request, name: CookieName): string | null;
  /** A `Set-Cookie` value; without `maxAge` (seconds) the cookie ends with the browser. */
  set(name: CookieName, value: string, maxAge?: number): string;
  /** A `Set-Cookie` value that removes the cookie. */
  clear(name: CookieName): string;
}

/** Makes the cookies of a site; `secure` tells that its public origin is https. */
export function createCookies(secure: boolean): Cookies {
  const full = (name: CookieName) => secure ? `__Host-bulkhead_${name}` : `bulkhead_${name}`;
  const set = (name: CookieName, value: string, maxAge?: number) =>
    serialize(full(name), value, {
      path: "/",
      httpOnly: true,
      sameSite: "Lax",
      secure,
      ...(maxAge === undefined ? {} : { maxAge }),
    });
  return {
    read: (request, name) =>
      parse(request.headers.get("cookie") ?? "", full(name))[full(name)] || null,
    set,
    clear: (name) => set(name, "", 0),
  };
}
