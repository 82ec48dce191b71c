import assert from "node:assert/strict";
import {
  may,
  type Permission,
  PERMISSIONS,
  principalOf,
  readSession,
  type Role,
  ROLES,
} from "../../lib/auth/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import { PERMISSION_TEXT } from "../../lib/web/mod.ts";
import { PAGES } from "../../routes/pages.ts";
import { requestOf, startSite } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { joinedAs, member } from "./accounts_setup.ts";

const unescape = (text: string): string => text.replaceAll("&amp;", "&");

/** Whether a page would refuse somebody in a role what a link or a form of another leads to. */
function refuses(role: Role, method: "read" | "write", path: string): Permission | null {
  const parts = path.split("/");
  const fits = (route: string) => {
    const pattern = route.split("/");
    return pattern.length === parts.length &&
      pattern.every((part, i) => part.startsWith(":") || part === parts[i]);
  };
  // A path of its own goes before one with parts that vary.
  const page = PAGES.filter((one) => fits(one.path))
    .sort((a, b) => a.path.split(":").length - b.path.split(":").length)[0];
  assert.ok(page, `nothing answers ${path}`);
  const needed = page.access === "member" ? page.permission?.[method] : undefined;
  return needed && !may(role, needed) ? needed : null;
}

Deno.test("no page offers anybody what their role is refused", async () => {
  await using site = await startSite();
  const { services } = site;
  const ada = await member(site, "ada@example.com");
  const session = await readSession(services, ada.cookies.get("bulkhead_session")!);
  const scope = requestOf(principalOf(session!));
  const made = await createEndpoint(services, scope, "shop");
  await loadTables(services, made, "CREATE TABLE item (id int PRIMARY KEY, name text)");
  await setWrites(services, made, "review");
  await mintToken(services, scope, {
    name: "Agent",
    scope: "mcp:write",
    abilities: ["rows:read", "rows:update"],
    endpoints: [made.endpoint.id],
  });
  await createEndpoint(services, scope, "empty");
  const looked = new Map<Role, number>();
  for (const role of ROLES) {
    const person = role === "owner" ? ada : await joinedAs(site, ada, role);
    const seen = new Set<string>();
    const ahead = ["/endpoints", "/account"];
    for (let path; (path = ahead.pop()) !== undefined;) {
      if (seen.has(path)) continue;
      seen.add(path);
      const answer = await person.go(path);
      const { status } = answer;
      const text = await answer.text();
      const type = answer.headers.get("content-type") ?? "";
      assert.ok(status < 400 || /confirm/.test(text), `${role} is led to ${path}: ${status}`);
      if (!type.startsWith("text/html")) continue;
      for (const [, href] of text.matchAll(/<a [^>]*href="(\/[^"#]*)/g)) {
        const address = unescape(href!);
        const refusal = refuses(role, "read", address.split("?")[0]!);
        assert.equal(refusal, null, `${path} offers ${role} a link to ${address}`);
        if (!/^\/(assets|activity\/export|sign-out)/.test(address)) ahead.push(address);
      }
      for (const [form] of text.matchAll(/<form [^>]*>/g)) {
        const action: string = unescape(/action="([^"]*)"/.exec(form)?.[1] ?? path).split("?")[0]!;
        const method = /method="get"/.test(form) ? "read" : "write";
        const refusal = refuses(role, method, action);
        assert.equal(refusal, null, `${path} offers ${role} a form to ${action}`);
      }
    }
    looked.set(role, seen.size);
    assert.equal(seen.has("/activity"), may(role, "activity:read"), role);
    assert.equal(seen.has("/endpoints/new"), may(role, "endpoints:create"), role);
  }
  for (const [role, pages] of looked) assert.ok(pages > 12, `${role} saw ${pages} pages`);
});

Deno.test("the page of roles says of every permission who has it, to anybody", async () => {
  await using site = await startSite();
  const answer = await fetch(`${site.origin}/team/roles`);
  assert.equal(answer.status, 200);
  const page = await answer.text();
  for (const [name, { role }] of Object.entries(PERMISSIONS)) {
    const text = PERMISSION_TEXT[name as Permission];
    if (role === null) continue;
    const start = page.indexOf(`<tr><th scope="row">${text}`);
    assert.ok(start > 0, name);
    const cells = page.slice(start, page.indexOf("</tr>", start)).split("<td").slice(1);
    const told = cells.map((cell) => />Yes</.test(cell));
    assert.deepEqual(told, ROLES.map((one) => may(one, name as Permission)), name);
  }
});
