import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { invite, principalOf, readSession, renameTeam } from "../../lib/auth/mod.ts";
import { createEndpoint, enterEndpoint } from "../../lib/endpoints/mod.ts";
import { connect, quoteIdent } from "../../lib/postgres/mod.ts";
import { startIngest } from "../../lib/ingest/mod.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { callTool, loadManifest, setWrites } from "../../lib/tools/mod.ts";
import { requestOf, testCluster } from "../harness/mod.ts";
import { challengeOf, register } from "../oauth/app.ts";
import { loadTables } from "../tools/fixture.ts";
import { assertFits, browse, type Browsing, hasChromium, signUp } from "./browser.ts";

// Past the borders, which clean or refuse such names: as if an earlier release had let them in.
const HOSTILE =
  `"'><img src=x onerror=owned=1><script>owned=1</script>\u202e\u200b\u{e0041}\u00adx`;
// Postgres' names have 63 bytes.
const TABLE = `<img src=x onerror=owned=1>\u202et`;
const COLUMN = `"><script>owned=1</script>\u200b`;

/** A team in which everything that people name has such a name. */
async function hostileTeam({ page, origin, services, control }: Browsing) {
  const cookies = await page.context().cookies();
  const cookie = cookies.find(({ name }) => name === "bulkhead_session")!.value;
  const session = (await readSession(services, cookie))!;
  const scope = requestOf(principalOf(session));
  const made = await createEndpoint(services, scope, HOSTILE);
  const [table, column] = [quoteIdent(TABLE), quoteIdent(COLUMN)];
  await loadTables(
    services,
    made,
    `CREATE TABLE ${table} (id int PRIMARY KEY, ${column} text);
     INSERT INTO ${table} VALUES (1, 'admin'), (2, 'b')`,
  );
  await setWrites(services, made, "review");
  const { view } = await mintToken(services, scope, {
    name: HOSTILE,
    scope: "mcp:write",
    abilities: ["rows:read", "rows:insert", "rows:update", "rows:delete"],
    endpoints: [made.endpoint.id],
  });
  const entered = await enterEndpoint(services, scope, made.endpoint.slug);
  const principal = {
    ...entered.principal,
    kind: "mcp" as const,
    tokenId: view.id,
    label: HOSTILE,
    abilities: new Set(view.abilities),
  };
  const agent = { ...entered, principal };
  const manifest = await loadManifest(services, agent);
  const ask = async (key: number, value: string) => {
    const values = { [COLUMN]: value };
    const answer = await callTool(services, agent, manifest, "update_row", {
      table: TABLE,
      key,
      values,
    });
    assert.equal(answer.isError, false, answer.text);
    return JSON.parse(answer.structured!).change as string;
  };
  const changes = [await ask(1, "ad\u200bmin"), await ask(2, `${HOSTILE}${"y".repeat(3000)}`)];
  const body = new Response(`id,${HOSTILE.replaceAll('"', "")}\n1,a\n`).body!;
  const { id } = await startIngest(services, made, {
    fileName: `${HOSTILE}.csv`,
    body,
    options: { mode: "create" },
    allowDuplicate: false,
  });
  const { requestId, network } = scope;
  const actor = {
    kind: "dashboard" as const,
    userId: session.userId,
    tokenId: null,
    requestId,
    network,
  };
  await renameTeam(services, session, HOSTILE, actor);
  await invite(
    services,
    { ...session, tenantName: HOSTILE },
    { email: `<img/src=x/onerror=owned=1>@example.com`, role: "viewer" },
    actor,
  );
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${control.database}`;
  const superuser = connect(url.href, { max: 1 });
  await superuser`UPDATE sessions SET device = ${HOSTILE}`;
  const answer = await register(origin, {
    client_name: `${HOSTILE} Payp\u0430l`,
    redirect_uris: ["https://xn--pple-43d.com/callback"],
    token_endpoint_auth_method: "none",
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const asking = new URL("/oauth/authorize", origin);
  asking.search = new URLSearchParams({
    response_type: "code",
    client_id: String(answer.body["client_id"]),
    redirect_uri: "https://xn--pple-43d.com/callback",
    scope: "mcp mcp:write",
    code_challenge: challengeOf("v".repeat(43)),
    code_challenge_method: "S256",
  }).toString();
  await superuser.end();
  const path = `/endpoints/${made.endpoint.slug}`;
  return { path, ingest: `${path}/ingests/${id}`, changes, asking: asking.href, token: view.id };
}

/** What of a page is not as it must be. */
const faultsOf = (page: Page) =>
  page.evaluate(() => {
    const faults: string[] = [];
    if ("owned" in globalThis) faults.push("a script ran");
    for (const found of document.querySelectorAll("img, script:not([src]), [onerror]")) {
      faults.push(`an element: ${found.outerHTML.slice(0, 200)}`);
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement!.closest("textarea, option, script, noscript")) continue;
      if (/[\u202e\u200b\u00ad\u{e0041}]/u.test(node.nodeValue!)) {
        faults.push(`unmarked: ${node.nodeValue}`);
      }
    }
    return faults;
  });

Deno.test({
  name: "no name that anybody can choose runs, adds an element, or hides or turns anything",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse({ viewport: { width: 320, height: 800 } });
    const { page, origin, complaints } = browsing;
    await signUp(page);
    const { path, ingest, changes, asking, token } = await hostileTeam(browsing);
    const shown = [
      "/endpoints",
      path,
      `${path}/access`,
      `${path}/access/${encodeURIComponent(TABLE)}`,
      `${path}/changes`,
      `${path}/review`,
      ...changes.map((change) => `${path}/review/${change}`),
      ingest,
      "/tokens",
      `/tokens/${token}`,
      `/tokens/${token}/rotate`,
      "/tokens/new",
      "/activity",
      "/team",
      "/account",
      "/account/sessions",
      asking,
      "/mailbox",
    ];
    for (const address of shown) {
      const answer = await page.goto(new URL(address, origin).href);
      assert.equal(answer?.status(), 200, address);
      assert.deepEqual(await faultsOf(page), [], address);
      const marks = await page.locator("span.mark").count();
      if (![ingest, asking, "/tokens/new", "/mailbox"].includes(address)) {
        assert.ok(marks > 0, address);
      }
      const folder = Deno.env.get("BULKHEAD_SCREENSHOTS");
      if (folder) {
        const name = address.replaceAll(/[^a-z]+/gi, "_").slice(-40);
        await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
      }
      await assertFits(page);
    }
    await page.goto(`${origin}${path}/review/${changes[0]}`);
    // What differs in an invisible character alone is seen to differ.
    assert.equal(await page.locator("td.new").first().innerText(), "adU+200Bmin");
    await page.goto(`${origin}${path}/review/${changes[1]}`);
    await page.getByText(/^All 3,\d+ characters$/).click();
    assert.match(await page.locator("details.whole").innerText(), /yyy$/);
    await page.goto(asking);
    await page.getByText("mixes Latin and Cyrillic letters").waitFor();
    await page.getByText("“аpple.com”").waitFor();
    assert.deepEqual(complaints, []);
  },
});
