import assert from "node:assert/strict";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { newId } from "../../lib/ids.ts";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { createPages, createSite, loadAssets } from "../../lib/web/mod.ts";
import { PAGES } from "../../routes/pages.ts";
import { requestOf, signedUp, testServices } from "../harness/mod.ts";

const ORIGIN = "http://127.0.0.1:8000";

async function open() {
  const test = await testServices({ baseUrl: ORIGIN });
  const { services } = test;
  const credentials = { email: "ada@example.com", password: "correct horse battery" };
  const { access } = await signedUp(services, credentials, SYSTEM_ACTOR);
  const cookie = `bulkhead_session=${access}`;
  const session = await readSession(services, access);
  const entered = await createEndpoint(services, requestOf(principalOf(session!)), "Shop");
  const assets = await loadAssets(new URL("../../", import.meta.url), services.log);
  const pages = createPages(createSite(services, assets), PAGES);
  const send = (path: string, init: RequestInit = {}) => {
    const headers = { cookie, origin: ORIGIN, ...init.headers as Record<string, string> };
    return pages(new Request(new URL(path, ORIGIN), { ...init, headers }), { network: null });
  };
  const page = await (await send("/tokens")).text();
  return {
    send,
    logLines: test.logLines,
    slug: entered.endpoint.slug,
    csrf: /name="csrf_token" value="([^"]+)"/.exec(page)![1]!,
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

/** Names of every field that a form of ours has. */
const FIELDS = [
  "email",
  "password",
  "next",
  "name",
  "abilities",
  "reach",
  "endpoints",
  "expires",
  "from",
  "to",
  "text_format",
  "public_llms_txt",
  "target",
  "code",
  "send",
  "role",
  "team",
];

const VALUES = [
  "",
  "\0",
  "a\0b",
  "'; DROP TABLE users; --",
  '<script>alert(1)</script>"',
  "__proto__",
  "[".repeat(5000),
  '["a"]',
  '["\\u0000","\\u0000"]',
  '["no such table","no such column"]',
  "9999-99-99",
  "+275760-09-13",
  "x".repeat(30_000),
  "\ud800",
  "🚢".repeat(2000),
  "//evil.example",
];

/** Every route's address, with what is there and with what is hostile. */
function addresses(slug: string): string[] {
  const ids = [newId(), "x", "%00", "..%2f..%2fetc", "%F0%9F%9A%A2", "1'--", "x".repeat(3000)];
  const slugs = [slug, "no-such-slug-here", "%00", "A%20B", "%ff", "-".repeat(64)];
  return PAGES.flatMap(({ path }) =>
    slugs.flatMap((one) =>
      ids.map((id) => path.replace(":slug", one).replace(":id", id).replace(":secret", id))
    )
  ).filter((path, index, all) => all.indexOf(path) === index && !path.endsWith("/sign-out"));
}

Deno.test("no address is a fault of ours", async () => {
  await using site = await open();
  for (const path of addresses(site.slug)) {
    for (const query of ["", "?after=%00&endpoint=%00&next=%00&file_name=%ff"]) {
      const { status } = await site.send(path + query);
      assert(status < 500, `GET ${path}${query}: ${status}`);
    }
  }
  assert.deepEqual(site.logLines.filter((line) => line.includes("page.failed")), []);
});

Deno.test("no form is a fault of ours", async () => {
  await using site = await open();
  const posts = PAGES.filter(({ post, path }) => post && !/sign-(out|up|in)$|delete/.test(path));
  for (const { path } of posts) {
    const at = path.replace(":slug", site.slug).replace(":id", newId()).replace(":secret", "x");
    for (const value of VALUES) {
      const form = new URLSearchParams({ csrf_token: site.csrf });
      for (const name of FIELDS) {
        for (let i = 0; i < 2; i++) form.append(name, value.slice(0, 2000));
      }
      const { status } = await site.send(at, { method: "POST", body: form });
      assert(status < 500, `POST ${at} with ${JSON.stringify(value.slice(0, 40))}: ${status}`);
    }
  }
  assert.deepEqual(site.logLines.filter((line) => line.includes("page.failed")), []);
});

Deno.test("no hostile sign-in is a fault of ours, or lets anyone in", async () => {
  await using site = await open();
  for (const path of ["/sign-in", "/sign-up"]) {
    for (const value of VALUES) {
      for (const email of [value, "ada@example.com"]) {
        const body = new URLSearchParams({ csrf_token: site.csrf, email, password: value });
        const answer = await site.send(path, { method: "POST", body });
        const cookies = answer.headers.getSetCookie().join();
        // Signing up gets no further than to the page that asks for the code of a mail.
        const asked = path === "/sign-up" && answer.status === 303 &&
          answer.headers.get("location")!.startsWith("/sign-up/code?");
        const refused = answer.status >= 400 && answer.status < 500;
        assert(refused || asked, `${path}: ${answer.status}`);
        assert(!cookies.includes("bulkhead_session"), path);
      }
    }
  }
});

Deno.test("every form and upload needs its token", async () => {
  await using site = await open();
  for (const { path, post, upload } of PAGES) {
    const at = path.replace(":slug", site.slug).replace(":id", newId()).replace(":secret", "x");
    const file = new FormData();
    file.set("file", new File(["id\n1\n"], "a.csv"));
    if (post) {
      const body = new URLSearchParams({ csrf_token: "x" });
      assert.equal((await site.send(at, { method: "POST", body })).status, 403, at);
    }
    if (upload) assert.equal((await site.send(at, { method: "POST", body: file })).status, 403, at);
  }
});

Deno.test("no upload that is malformed leaves an endpoint behind", async () => {
  await using site = await open();
  const headers = { "x-csrf-token": site.csrf };
  const bodies: [string, string][] = [
    ["multipart/form-data; boundary=x", ""],
    ["multipart/form-data; boundary=x", "--x\r\n"],
    ["multipart/form-data; boundary=x", "--x--\r\n"],
    ["multipart/form-data; boundary=x", "no form at all"],
    [
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid,na',
    ],
    [
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="file"; filename="\0/../"\r\n\r\nid\r\n--x--\r\n',
    ],
    ["multipart/form-data", "--x--"],
    ["text/csv", "id\n1\n"],
  ];
  for (const [type, body] of bodies) {
    const answer = await site.send("/endpoints/new", {
      method: "POST",
      body,
      headers: { ...headers, "content-type": type },
    });
    assert(
      answer.status >= 400 && answer.status < 500,
      `${JSON.stringify(body)}: ${answer.status}`,
    );
  }
  const list = await (await site.send("/endpoints")).text();
  assert.equal(list.split("/mcp/").length, 2, "the one endpoint that was there");
});
