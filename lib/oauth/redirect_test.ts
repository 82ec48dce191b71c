import assert from "node:assert/strict";
import fc from "fast-check";
import { formTarget, matchesRedirect, readRedirect, withParameters } from "./redirect.ts";

const NONE: ReadonlySet<string> = new Set();

Deno.test("readRedirect() tells sites, loopback programs and apps apart", () => {
  const told = (uri: string) => {
    const target = readRedirect(uri, NONE);
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
    const target = readRedirect(`https://app.example/${tail}`, NONE);
    if (target) assert.match(target.uri, /^[\x21-\x7e]+$/);
    if (target) assert.doesNotMatch(target.uri, /["<>`\\^{}#]/);
  }));
  fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), (uri) => {
    const target = readRedirect(uri, NONE);
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

Deno.test("readRedirect() accepts apps' own schemes, and none on which a browser or the system acts", () => {
  for (
    const own of [
      "cursor://anysphere.cursor-retrieval/oauth/callback",
      "vscode://vendor.extension/callback",
      "vscode-insiders://vendor.extension/callback",
      "windsurf://auth/callback",
      "zed://mcp",
      "claude://callback",
      "raycast://oauth?package_name=x",
      "com.example.app:/cb",
      "Com.Example.App:/cb",
    ]
  ) assert.equal(readRedirect(own, NONE)?.kind, "app", own);
  for (
    const scheme of [
      ...["javascript", "data", "vbscript", "blob", "file", "filesystem", "about", "view-source"],
      ...["ws", "wss", "ftp", "chrome", "chrome-extension", "edge", "moz-extension", "jar", "feed"],
      ...["mailto", "tel", "sms", "intent", "android-app", "ms-msdt", "ms-word", "ms-officecmd"],
      ...["search-ms", "shell", "ssh", "telnet", "ldap", "smb", "magnet", "jnlp", "itms-services"],
      ...["web+app", "ext+app", "x-apple.systempreferences", "market", "urn", "callto", "sip"],
    ]
  ) {
    for (const uri of [`${scheme}:/x`, `${scheme}://x/y`, `${scheme.toUpperCase()}://x/y`]) {
      assert.equal(readRedirect(uri, NONE), null, uri);
    }
  }
});

Deno.test("readRedirect() accepts a taken scheme by the operator's word, but none of the browser's own", () => {
  const all = new Set(["ms-teams", "web+app", "javascript", "data", "https", "http", "blob"]);
  assert.equal(readRedirect("ms-teams://x/y", all)?.host, "ms-teams:");
  assert.equal(readRedirect("web+app:/x", all)?.kind, "app");
  for (const scheme of ["javascript", "data", "blob"]) {
    assert.equal(readRedirect(`${scheme}:/x`, all), null);
  }
  assert.equal(readRedirect("http://app.example/cb", all), null);
});

Deno.test("readRedirect() takes nothing that browsers read as another address than it shows", () => {
  for (
    const uri of [
      // In an answer of ours these lead to our own site (URL Standard, special relative or authority).
      "https:/app.example/cb",
      "https:app.example/cb",
      "https:///app.example/cb",
      "http:/localhost/cb",
      "https:\\\\app.example/cb",
      "https://app.example\\@attacker.example/cb",
      "https://app.example@attacker.example/cb",
      "https://:@attacker.example/cb",
      "cursor://app.example@attacker.example/cb",
      "https://app.example/cb#@attacker.example",
      "https://bücher.example/cb",
      "https://app.example%00.attacker.example/cb",
      "https://app.example%2eattacker.example/cb#",
      "https://app.example/cb\r\nlocation: x",
      "https://app.example/cb\t",
      "https://app.example:99999/cb",
      "https://app example/cb",
      "https://*.example/cb",
      "http://localhost./cb",
      "http://localhost.attacker.example/cb",
      "http://127.0.0.1.attacker.example/cb",
      "http://[::ffff:127.0.0.1]/cb",
      "http://0.0.0.0/cb",
      "http://[::]/cb",
      "http://10.0.0.1/cb",
      "//app.example/cb",
      "cursor:alert(1)",
      "cursor:",
      "1app://x",
    ]
  ) assert.equal(readRedirect(uri, NONE), null, uri);
  // What stays escaped stays so, and a host in other letters is shown as it is resolved.
  assert.equal(
    readRedirect("https://app.example/cb%0d%0ax", NONE)?.uri,
    "https://app.example/cb%0d%0ax",
  );
  assert.equal(
    readRedirect("https://xn--bcher-kva.example/cb", NONE)?.host,
    "xn--bcher-kva.example",
  );
  assert.equal(readRedirect("HTTPS://APP.example/cb", NONE)?.host, "app.example");
  // As text, all of it: no normalization makes two addresses one.
  for (
    const other of [
      "https://app.example/CB",
      "https://app.example:443/cb",
      "https://app.example/./cb",
    ]
  ) assert.equal(matchesRedirect("https://app.example/cb", other), false, other);
  assert.equal(matchesRedirect("http://localhost/cb", "http://localhost.:1/cb"), false);
  assert.equal(matchesRedirect("http://[::1]/cb", "http://127.0.0.1/cb"), false);
  assert.equal(matchesRedirect("http://[::1]/cb", "http://[::1]:4711/cb"), true);
});
