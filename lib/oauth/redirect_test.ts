import assert from "node:assert/strict";
import fc from "fast-check";
import { formTarget, matchesRedirect, readRedirect, withParameters } from "./redirect.ts";

Deno.test("readRedirect() tells sites, loopback programs and apps apart", () => {
  const told = (uri: string) => {
    const target = readRedirect(uri);
    return target && `${target.kind} ${target.host}`;
  };
  assert.equal(told("https://app.example/cb"), "web app.example");
  assert.equal(told("https://app.example:8443/cb?x=1"), "web app.example:8443");
  assert.equal(told("http://localhost/cb"), "loopback localhost");
  assert.equal(told("http://127.0.0.1:3000"), "loopback 127.0.0.1:3000");
  assert.equal(told("http://[::1]:1/"), "loopback [::1]:1");
  assert.equal(told("cursor://anysphere.cursor-retrieval/cb"), "app cursor:");
  assert.equal(told("com.example.app:/cb"), "app com.example.app:");
});

Deno.test("readRedirect() accepts nothing that a header, a policy or an attribute would break on", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), (tail) => {
    const target = readRedirect(`https://app.example/${tail}`);
    if (target) assert.match(target.uri, /^[\x21-\x7e]+$/);
    if (target) assert.doesNotMatch(target.uri, /["<>`\\^{}#]/);
  }));
  fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), (uri) => {
    const target = readRedirect(uri);
    if (target?.kind === "web") assert.equal(formTarget(target), new URL(uri).origin);
  }));
});

Deno.test("matchesRedirect() compares as text, but for a loopback port", () => {
  fc.assert(fc.property(fc.webUrl(), fc.webUrl(), (one, other) => {
    assert.equal(matchesRedirect(one, other), one === other);
  }));
  const port = fc.integer({ min: 1, max: 65535 });
  fc.assert(fc.property(port, port, fc.webPath(), (a, b, path) => {
    const at = (host: string, of: number | string) => `http://${host}:${of}${path}`;
    assert(matchesRedirect(at("127.0.0.1", a), at("127.0.0.1", b)));
    assert(!matchesRedirect(at("127.0.0.1", a), at("localhost", b)));
    assert(!matchesRedirect(at("app.example", a), at("app.example", b)) || a === b);
    assert(!matchesRedirect(at("localhost", a), at("localhost", b) + "x"));
    assert(!matchesRedirect(at("localhost", a), `https://localhost:${b}${path}`));
  }));
});

Deno.test("withParameters() keeps the query that is there, and reads back as what was added", () => {
  const added = { state: "ü &=?#", iss: "https://server.example" };
  for (
    const uri of [
      "https://a.example/cb",
      "https://a.example/cb?x=1",
      "https://a.example/cb?",
      "app:/cb",
    ]
  ) {
    const out = withParameters(uri, added);
    assert.ok(out.startsWith(uri), out);
    const { searchParams, hash } = new URL(out);
    assert.equal(hash, "");
    for (const [name, value] of Object.entries(added)) assert.equal(searchParams.get(name), value);
    assert.equal(searchParams.get("x"), uri.includes("x=1") ? "1" : null);
  }
});
