import assert from "node:assert/strict";
import { hstsOf, setSecurityHeaders } from "./headers.ts";

function headers(baseUrl = "https://mcp.example", subdomains = false, pathname = "/"): Headers {
  const out = new Headers();
  setSecurityHeaders(out, hstsOf(new URL(baseUrl), subdomains), pathname);
  return out;
}

Deno.test("setSecurityHeaders() allows nothing inline and nothing foreign", () => {
  const policy = headers().get("content-security-policy")!;
  assert.match(policy, /^default-src 'none'; /);
  assert(!/unsafe|\*|https?:|data:|blob:/.test(policy), policy);
  for (
    const directive of [
      "script-src 'self'",
      "style-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]
  ) assert(policy.split("; ").includes(directive), directive);
});

Deno.test("setSecurityHeaders() keeps sniffing, framing and referrers in", () => {
  const out = headers();
  assert.equal(out.get("x-content-type-options"), "nosniff");
  assert.equal(out.get("referrer-policy"), "same-origin");
  assert.match(out.get("permissions-policy")!, /camera=\(\)/);
});

Deno.test("setSecurityHeaders() leaves to apps the windows that they open, and no other page", () => {
  const policy = (pathname: string) =>
    headers("https://mcp.example", false, pathname).get("cross-origin-opener-policy");
  for (
    const path of [
      "/oauth/authorize",
      "/authorize",
      "/sign-in",
      "/sign-in/mail",
      "/account/confirm",
    ]
  ) {
    assert.equal(policy(path), "unsafe-none", path);
  }
  for (const path of ["/", "/apps", "/endpoints/sign-in", "/tokens", "/sign-insider"]) {
    assert.equal(policy(path), "same-origin", path);
  }
});

Deno.test("setSecurityHeaders() sends HSTS over https alone, and never on loopback", () => {
  const sent = (...site: Parameters<typeof headers>) =>
    headers(...site).get("strict-transport-security");
  assert.equal(sent(), "max-age=31536000");
  assert.equal(sent("https://mcp.example", true), "max-age=31536000; includeSubDomains");
  for (const base of ["http://127.0.0.1:8000", "https://localhost:8000", "https://[::1]"]) {
    assert.equal(sent(base, true), null, base);
  }
});
