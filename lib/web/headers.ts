// Nothing loads or runs but what we serve: no inline script or style, no frame around us, no foreign
// host, and no string becomes code or markup in a script (trusted types).
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

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
  "publickey-credentials-get=()",
  "screen-wake-lock=()",
  "usb=()",
  "clipboard-write=(self)",
].join(", ");

const YEAR = 31_536_000;

/**
 * Sets what every answer to a browser carries. `secure` tells that the public origin is https; HSTS
 * on loopback would lock a developer out of http.
 */
export function setSecurityHeaders(headers: Headers, secure: boolean): void {
  headers.set("content-security-policy", CONTENT_SECURITY_POLICY);
  headers.set("permissions-policy", PERMISSIONS_POLICY);
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  // `no-referrer` would make our own form posts send `Origin: null`.
  headers.set("referrer-policy", "same-origin");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("origin-agent-cluster", "?1");
  if (secure) headers.set("strict-transport-security", `max-age=${YEAR}`);
}
