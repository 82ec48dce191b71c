import assert from "node:assert/strict";
import { setSecurityHeaders } from "./headers.ts";

function headers(secure: boolean): Headers {
  const out = new Headers();
  setSecurityHeaders(out, secure);
  return out;
}

Deno.test("setSecurityHeaders() allows nothing inline and nothing foreign", () => {
  const policy = headers(true).get("content-security-policy")!;
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
  const out = headers(true);
  assert.equal(out.get("x-content-type-options"), "nosniff");
  assert.equal(out.get("referrer-policy"), "same-origin");
  assert.match(out.get("permissions-policy")!, /camera=\(\)/);
});

Deno.test("setSecurityHeaders() sends HSTS over https alone", () => {
  assert.equal(headers(true).get("strict-transport-security"), "max-age=31536000");
  assert.equal(headers(false).get("strict-transport-security"), null);
});
