import assert from "node:assert/strict";
import { createCookies } from "./cookies.ts";

const request = (cookie: string) => new Request("http://127.0.0.1/", { headers: { cookie } });

Deno.test("createCookies() marks cookies of an https site for that host alone", () => {
  const cookie = createCookies(true).set("session", "abc", 60);
  assert.match(cookie, /^__Host-bulkhead_session=abc; /);
  for (const part of ["Max-Age=60", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"]) {
    assert(cookie.split("; ").includes(part), `${part} in ${cookie}`);
  }
  assert(!/domain=/i.test(cookie));
});

Deno.test("createCookies() goes without prefix and Secure on plain http", () => {
  const cookie = createCookies(false).set("visitor", "abc");
  assert.equal(cookie, "bulkhead_visitor=abc; Path=/; HttpOnly; SameSite=Lax");
});

Deno.test("createCookies() reads its own names only", () => {
  const secure = createCookies(true);
  assert.equal(secure.read(request("a=1; __Host-bulkhead_session=xyz"), "session"), "xyz");
  // A neighbouring host can set the plain name, so that over https it counts for nothing.
  assert.equal(secure.read(request("bulkhead_session=xyz"), "session"), null);
  assert.equal(secure.read(request(""), "session"), null);
});

Deno.test("createCookies() clears with an empty value at once", () => {
  assert.match(createCookies(true).clear("session"), /^__Host-bulkhead_session=; Max-Age=0; /);
});
