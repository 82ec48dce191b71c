import assert from "node:assert/strict";
import { invite, readTeam } from "../../lib/auth/mod.ts";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { getIngest, serveIngests, startIngest } from "../../lib/ingest/mod.ts";
import { newId } from "../../lib/ids.ts";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { rebuildManifest } from "../../lib/tools/mod.ts";
import { createPages, createSite, loadAssets, type PageRoute } from "../../lib/web/mod.ts";
import { PAGES } from "../../routes/pages.ts";
import { requestOf, signedUp, testServices } from "../harness/mod.ts";

const ORIGIN = "http://127.0.0.1:8000";

/** A tenant with an endpoint, a load and a token, and the cookie of its owner. */
async function tenant(services: Services, email: string, word: string) {
  const credentials = { email, password: "correct horse battery" };
  const { access: cookie } = await signedUp(services, credentials, SYSTEM_ACTOR);
  const session = await readSession(services, cookie);
  const scope = requestOf(principalOf(session!));
  const entered = await createEndpoint(services, scope, `Shop of ${word}`);
  const ingest = await startIngest(services, entered, {
    fileName: `${word}.csv`,
    body: new Blob([`id,name\n1,${word}\n2\n`]).stream(),
    options: { mode: "create" },
    allowDuplicate: false,
  });
  const guest = { email: `guest.of.${word}@example.com`, role: "viewer" } as const;
  await invite(services, session!, guest, SYSTEM_ACTOR);
  const team = await readTeam(services, session!);
  const minted = await mintToken(services, scope, {
    name: `Token of ${word}`,
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [entered.endpoint.id],
  });
  while (!(await getIngest(services, entered, ingest.id)).finishedAt) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    cookie,
    word,
    names: {
      slug: entered.endpoint.slug,
      table: word,
      ingest: ingest.id,
      token: minted.view.id,
      session: session!.id,
      user: session!.userId,
      invitation: team.invitations[0]!.id,
    },
  };
}

type Tenant = Awaited<ReturnType<typeof tenant>>;

/** The address of a route, with the names of a tenant's own things in it. */
function address(route: PageRoute, names: Tenant["names"]): string {
  const { slug, ingest, token } = names;
  return route.path.replace(":slug", slug).replace(":table", names.table)
    .replace("/sessions/:id", `/sessions/${names.session}`)
    .replace("/members/:id", `/members/${names.user}`)
    .replace("/invitations/:id", `/invitations/${names.invitation}`)
    .replace("/ingests/:id", `/ingests/${ingest}`)
    .replace("/tokens/:id", `/tokens/${token}`)
    .replace(":secret", "x".repeat(43));
}

async function open() {
  const test = await testServices({ baseUrl: ORIGIN });
  const { services } = test;
  const loads = await serveIngests(
    services,
    (scope) => rebuildManifest(services, scope, "data loaded").then(() => {}),
  );
  const assets = await loadAssets(new URL("../../", import.meta.url), services.log);
  const pages = createPages(createSite(services, assets), PAGES);
  const send = (path: string, cookie: string | null, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("origin", ORIGIN);
    if (cookie) headers.set("cookie", `bulkhead_session=${cookie}`);
    return pages(new Request(new URL(path, ORIGIN), { ...init, headers }), { network: null });
  };
  const csrf = async (cookie: string) =>
    /name="csrf_token" value="([^"]+)"/.exec(await (await send("/tokens", cookie)).text())![1]!;
  return {
    services,
    send,
    csrf,
    async [Symbol.asyncDispose]() {
      await loads.stop();
      await test[Symbol.asyncDispose]();
    },
  };
}

function fileForm(): FormData {
  const form = new FormData();
  form.set("file", new File(["id,name\n9,intruder\n"], "intruder.csv"));
  return form;
}

/** Pages that name something. A form that waited is its sender's alone, and leads on to anybody else. */
const NAMED = PAGES.filter(({ path }) => /:(slug|id)/.test(path) && !path.includes("/continue/"));

Deno.test("pages show and change nothing of another tenant", async (t) => {
  await using site = await open();
  const ada = await tenant(site.services, "ada@example.com", "lighthouse");
  const eve = await tenant(site.services, "eve@example.com", "periscope");
  const token = await site.csrf(eve.cookie);
  assert(NAMED.length >= 10);

  for (const route of NAMED) {
    const path = address(route, ada.names);
    await t.step(route.path, async () => {
      const tries: RequestInit[] = [
        ...(route.get ? [{}, { headers: { accept: "application/json" } }] : []),
        ...(route.post
          ? [{
            method: "POST",
            body: new URLSearchParams({ csrf_token: token, from: '["a","b"]', role: "viewer" }),
          }]
          : []),
        ...(route.upload
          ? [{ method: "POST", body: fileForm(), headers: { "x-csrf-token": token } }]
          : []),
      ];
      for (const init of tries) {
        const answer = await site.send(path, eve.cookie, init);
        const text = await answer.text();
        assert.equal(answer.status, 404, `${path} ${init.method ?? "GET"}: ${text.slice(0, 200)}`);
        assert(!text.includes(ada.word) && !text.includes("ada@"), path);
      }
    });
  }

  await t.step("another's load is not reached through one's own endpoint", async () => {
    const path = `/endpoints/${eve.names.slug}/ingests/${ada.names.ingest}`;
    assert.equal((await site.send(path, eve.cookie)).status, 404);
  });

  await t.step("lists hold one's own alone", async () => {
    for (const path of ["/endpoints", "/tokens", "/tokens/new", "/team"]) {
      const text = await (await site.send(path, eve.cookie)).text();
      assert(text.includes(eve.word), path);
      assert(!text.includes(ada.word) && !text.includes(ada.names.slug), path);
    }
  });

  await t.step("a token is never bound to another's endpoint", async () => {
    const body = new URLSearchParams({
      csrf_token: token,
      name: "reach",
      abilities: "rows:read",
      reach: "some",
      endpoints: ada.names.slug,
    });
    const answer = await site.send("/tokens/new", eve.cookie, { method: "POST", body });
    assert.equal(answer.status, 422);
  });

  await t.step("another's session takes no token of this one", async () => {
    const body = new URLSearchParams({ csrf_token: token });
    const path = `/tokens/${ada.names.token}/revoke`;
    assert.equal((await site.send(path, ada.cookie, { method: "POST", body })).status, 403);
  });

  await t.step("everything of the first tenant is as it was", async () => {
    const page = await (await site.send(`/endpoints/${ada.names.slug}`, ada.cookie)).text();
    assert(page.includes("1 row, 2 columns") && page.includes("Shop of lighthouse"));
    const tokens = await (await site.send("/tokens", ada.cookie)).text();
    assert(tokens.includes("Token of lighthouse"));
  });
});

Deno.test("pages for members let no visitor in", async (t) => {
  await using site = await open();
  const ada = await tenant(site.services, "ada@example.com", "lighthouse");
  const members = PAGES.filter(({ access }) => access === "member");
  const open_ = PAGES.filter(({ access }) => access === "anyone").map(({ path }) => path);
  // Whoever adds a page that anyone may open writes it here too.
  assert.deepEqual(open_, [
    "/",
    "/sign-up",
    "/sign-up/code",
    "/sign-in",
    "/sign-in/link/:secret",
    "/sign-in/mail",
    "/sign-in/code",
    "/password/forgotten",
    "/password/reset/:secret",
    "/sign-in/verify",
    "/sign-in/verify/passkey/options",
    "/sign-in/verify/passkey",
    "/sign-in/passkey/options",
    "/sign-in/passkey",
    "/team/roles",
    "/invitations/:secret",
    "/leaked",
    "/mailbox",
    "/oauth/authorize",
    "/authorize",
  ]);
  for (const route of members) {
    await t.step(route.path, async () => {
      const path = address(route, ada.names);
      for (const method of ["GET", "POST"]) {
        for (const cookie of [null, newId(), "A".repeat(43)]) {
          const answer = await site.send(path, cookie, { method });
          assert.equal(answer.status, 303, `${method} ${path}`);
          assert.match(answer.headers.get("location")!, /^\/sign-in/);
        }
      }
    });
  }
});
