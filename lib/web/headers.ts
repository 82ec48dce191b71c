import { isLoopback } from "../config.ts";

// Nothing loads or runs but what we serve: no inline script or style, no frame around us, no foreign
// host, and no string becomes code or markup in a script (trusted types).
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/**
 * The content security policy of a page whose forms lead to us and, after the redirect that answers
 * them, to `formTargets`: source expressions, such as an origin or a scheme.
 */
export function contentSecurityPolicy(formTargets: readonly string[] = []): string {
  return `${POLICY}; form-action ${["'self'", ...formTargets].join(" ")}`;
}

const PERMISSIONS_POLICY = [
  "accelerometer=()",
  "camera=()",
  "display-capture=()",
  "geolocation=()",
  "gyroscope=()",
  "magnetometer=()",
  "microphone=()",
  "midi=()",
  "payment=()",
  "publickey-credentials-create=(self)",
  "publickey-credentials-get=(self)",
  "screen-wake-lock=()",
  "usb=()",
  "clipboard-write=(self)",
].join(", ");

const YEAR = 31_536_000;

/** How browsers are told to insist on https (RFC 6797): not at all, for this host, for those below too. */
export type Hsts = "none" | "host" | "subdomains";

/**
 * What a site tells of itself. On loopback nothing: it would lock a developer out of http, and on every
 * port.
 */
export function hstsOf(baseUrl: URL, subdomains: boolean): Hsts {
  if (baseUrl.protocol !== "https:" || isLoopback(baseUrl.hostname)) return "none";
  return subdomains ? "subdomains" : "host";
}

// Apps open these in a window of their own and wait for it: cut from its opener, it would never tell
// them that it is done.
const OPENED_BY_APPS = /^\/(oauth\/authorize|authorize|sign-in|sign-up|account\/confirm)(\/|$)/;

/**
 * Sets what every answer to a browser carries; a content security policy that is there stays.
 *
 * @param pathname Where the answer was found.
 */
export function setSecurityHeaders(headers: Headers, hsts: Hsts, pathname: string): void {
  if (!headers.has("content-security-policy")) {
    headers.set("content-security-policy", contentSecurityPolicy());
  }
  headers.set("permissions-policy", PERMISSIONS_POLICY);
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  // `no-referrer` would make our own form posts send `Origin: null`.
  headers.set("referrer-policy", "same-origin");
  const opener = OPENED_BY_APPS.test(pathname) ? "unsafe-none" : "same-origin";
  headers.set("cross-origin-opener-policy", opener);
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("origin-agent-cluster", "?1");
  if (hsts !== "none") {
    const reach = hsts === "subdomains" ? "; includeSubDomains" : "";
    headers.set("strict-transport-security", `max-age=${YEAR}${reach}`);
  }
}
