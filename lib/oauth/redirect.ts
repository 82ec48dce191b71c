import { isLoopback } from "../config.ts";
import { isAppScheme, type RedirectSchemes } from "../redirect_schemes.ts";

/** Where an authorization response goes, as a person should understand it. */
export interface RedirectTarget {
  readonly uri: string;
  /** `web`: a site; `loopback`: a program on the person's own machine; `app`: an installed app. */
  readonly kind: "web" | "loopback" | "app";
  /** The host, with its port where that is unusual; of an app its scheme: `cursor:`. */
  readonly host: string;
}

const MAX_LENGTH = 2000;

// A wildcard would be taken for one, here by people and in our policies by browsers.
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d+)?$/;

// Exactly two slashes and a host. The URL Standard reads fewer or more as if they were, but only without a
// base: in an answer of ours `https:/callback` leads to our own site.
const ABSOLUTE = /^https?:\/\/[^/?]/i;

/**
 * Reads a redirect URI; null for one that may not be registered: not absolute, with a fragment (RFC
 * 6749, section 3.1.2) or a user name, `http:` elsewhere than on the loopback, or with a scheme that is
 * no app's own.
 *
 * @param schemes Those that the operator lets besides.
 */
export function readRedirect(uri: string, schemes: RedirectSchemes): RedirectTarget | null {
  // Printable ASCII without what would break out of a header or an attribute.
  if (
    uri.length > MAX_LENGTH || !/^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7c\x7e]+$/.test(uri)
  ) {
    return null;
  }
  const url = URL.parse(uri);
  // Also an empty user: what stands before the @ would be taken for the host.
  if (!url || uri.includes("#") || /^[^/]*\/\/[^/?]*@/.test(uri)) return null;
  if (/^https?:$/.test(url.protocol) && !ABSOLUTE.test(uri)) return null;
  if (url.protocol === "https:") {
    return HOST.test(url.host) ? { uri, kind: "web", host: url.host } : null;
  }
  if (url.protocol === "http:") {
    return isLoopback(url.hostname) ? { uri, kind: "loopback", host: url.host } : null;
  }
  const isApps = isAppScheme(url.protocol.slice(0, -1), schemes);
  if (!isApps || !uri.slice(url.protocol.length).startsWith("/")) return null;
  return { uri, kind: "app", host: url.protocol };
}

const LOOPBACK = /^(http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]))(?::\d{1,5})?((?:[/?].*)?)$/;

/**
 * Tells whether a presented redirect URI is a registered one: the same, character by character. Only
 * the port of a loopback URI may differ, for a program learns it when it starts to listen (RFC 8252,
 * section 7.3).
 */
export function matchesRedirect(registered: string, presented: string): boolean {
  if (registered === presented) return true;
  const [, host, rest] = LOOPBACK.exec(registered) ?? [];
  const other = LOOPBACK.exec(presented);
  return host !== undefined && other !== null && other[1] === host && other[2] === rest;
}

/** A redirect URI with parameters added to its query, all else of it left as it is. */
export function withParameters(uri: string, parameters: Readonly<Record<string, string>>): string {
  const added = new URLSearchParams(parameters).toString();
  return `${uri}${uri.includes("?") ? (/[?&]$/.test(uri) ? "" : "&") : "?"}${added}`;
}

/** The redirect's source expression for the `form-action` of a content security policy. */
export function formTarget({ uri, kind }: RedirectTarget): string {
  const url = new URL(uri);
  // A policy knows no IPv6 literals; then the scheme has to do.
  return kind === "app" || url.hostname.startsWith("[") ? url.protocol : url.origin;
}
