import assert from "node:assert/strict";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { createEndpoint, enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { newId } from "../../lib/ids.ts";
import { carryOver, ROUND_LIMIT } from "../../lib/journal/mod.ts";
import type { Ability } from "../../lib/principal.ts";
import { authenticate, mintToken } from "../../lib/tokens/mod.ts";
import { callTool, loadManifest, setWrites } from "../../lib/tools/mod.ts";
import { presentedFrom, requestOf, startSite } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { joinedAs, member, type Site } from "./accounts_setup.ts";

const DDL = `
  CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2));
  INSERT INTO item SELECT n, 'Rope ' || n, n FROM generate_series(1, 9) n;
`;

/** An approval of whatever it was. */
const ANY = { version: "0" };

const DECIDING: readonly Ability[] = ["api:changes:read", "api:changes:write"];

/** The site with Ada, her endpoint under review, and an agent with a token. */
async function shop(site: Site) {
  const { services } = site;
  const ada = await member(site, "ada@example.com");
  const session = await readSession(services, ada.cookies.get("bulkhead_session")!);
  const scope = requestOf(principalOf(session!));
  const made = await createEndpoint(services, scope, "shop");
  await loadTables(services, made, DDL);
  await setWrites(services, made, "review");
  const { slug, id } = made.endpoint;
  const mint = async (abilities: readonly Ability[], by = scope) =>
    (await mintToken(services, by, {
      name: "Agent",
      scope: "mcp:write",
      abilities,
      endpoints: [id],
    }))
      .token;
  const token = await mint(["rows:read", "rows:update", ...DECIDING]);
  const askFor = async (tool: string, given: object): Promise<string> => {
    const principal = await authenticate(services, presentedFrom(`Bearer ${token}`));
    const entered = await enterEndpoint(services, requestOf(principal), slug);
    const manifest = await loadManifest(services, entered);
    const args = { table: "item", ...given };
    const answer = await callTool(services, entered, manifest, tool, args);
    assert.equal(answer.isError, false, answer.text);
    return JSON.parse(answer.structured!).change;
  };
  const ask = (key: number) => askFor("update_row", { key, values: { price: 99 } });
  const rest = async (bearer: string, method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${site.origin}/v1/endpoints/${slug}${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  /** Lets the relay go once: no server does it here. */
  const relay = async () => {
    const lease = await openEndpoint(services, made, "owner");
    try {
      await carryOver(services.control, made.endpoint, lease.sql, {
        limit: ROUND_LIMIT,
        wait: true,
      });
    } finally {
      lease.release();
    }
  };
  return { ada, scope, path: `/endpoints/${slug}`, token, mint, ask, askFor, rest, relay };
}

Deno.test("over /v1 what waits is listed, approved once, rejected and looked at anew", async () => {
  await using site = await startSite();
  const { mint, ask, rest, token } = await shop(site);
  const [one, two] = [await ask(1), await ask(2)];
  const decider = await mint(DECIDING);
  const listed = await rest(decider, "GET", "/review?limit=1");
  assert.equal(listed.status, 200, JSON.stringify(listed.body));
  const [item] = listed.body.items;
  assert.deepEqual([item.id, item.state, item.updated, item.conflict], [one, "queued", 1, null]);
  assert.deepEqual([item.rows[0].before.price, item.rows[0].after.price], ["1.00", "99.00"]);
  const next = await rest(decider, "GET", `/review?cursor=${listed.body.next_cursor}`);
  assert.deepEqual(next.body.items.map(({ id }: { id: string }) => id), [two]);

  const own = await rest(token, "POST", `/changes/${one}/approve`, ANY);
  assert.deepEqual([own.status, own.body.code], [403, "ACCESS_DENIED"]);
  const reading = await mint(["api:changes:read"]);
  assert.equal((await rest(reading, "POST", `/changes/${one}/approve`, ANY)).status, 403);
  const other = await rest(decider, "POST", `/changes/${one}/approve`, { version: "0" });
  assert.equal(other.status, 409);
  const again = await rest(decider, "POST", `/changes/${one}/refresh`);
  assert.deepEqual([again.status, again.body.version], [200, item.version]);
  const approved = await rest(decider, "POST", `/changes/${one}/approve`, {
    version: item.version,
  });
  assert.deepEqual([approved.status, approved.body.state], [200, "applied"]);
  assert.equal((await rest(decider, "POST", `/changes/${one}/approve`, ANY)).status, 409);
  const rejected = await rest(decider, "POST", `/changes/${two}/reject`, { note: "no" });
  assert.deepEqual([rejected.body.state, rejected.body.note], ["rejected", "no"]);
  assert.equal((await rest(decider, "POST", `/changes/${newId()}/reject`, {})).status, 404);
  const decided = await rest(decider, "GET", "/review?state=decided");
  assert.equal(decided.body.items.length, 2);
  assert.equal((await rest(decider, "GET", "/review")).body.items.length, 0);
});

Deno.test("owners and admins decide, members and viewers look, and so do their tokens", async () => {
  await using site = await startSite();
  const { ada, path, ask, rest, mint, relay } = await shop(site);
  const ids = [await ask(1), await ask(2), await ask(3)];
  const admin = await joinedAs(site, ada, "admin");
  const plain = await joinedAs(site, ada, "member");
  const viewer = await joinedAs(site, ada, "viewer");
  for (const person of [plain, viewer]) {
    const page = await person.read(`${path}/review`);
    assert.match(page, /Owners and admins of the team approve and reject/);
    assert.ok(!page.includes("Approve selected"));
    const fields = { decision: "approve", change: ids[0]! };
    assert.equal((await person.submit(`${path}/review`, fields)).status, 403);
  }
  const session = await readSession(site.services, plain.cookies.get("bulkhead_session")!);
  const token = await mint(DECIDING, requestOf(principalOf(session!)));
  assert.equal((await rest(token, "GET", "/review")).status, 200);
  assert.equal((await rest(token, "POST", `/changes/${ids[0]}/approve`, ANY)).status, 403);
  assert.equal((await rest(token, "POST", `/changes/${ids[0]}/reject`, {})).status, 403);

  assert.match(await admin.read("/endpoints"), /3 changes to review/);
  assert.match(await admin.read(path), /Review \(3\)/);
  const shown = /name="change" value="([^"]+)"/.exec(
    await admin.read(`${path}/review/${ids[0]}`),
  )![1]!;
  const done = await admin.submit(`${path}/review`, { decision: "approve", change: shown });
  assert.equal(done.location?.split("?")[0], `${path}/review`);
  assert.match(await admin.read(`${path}/review/${ids[0]}`), /admin@example\.com/);
  assert.match(await admin.read(`${path}/changes/${ids[0]}`), /1 row changed in item|Changed/);
  await ada.submit(`${path}/review`, {
    decision: "reject",
    change: ids[1]!,
    [`note-${ids[1]}`]: "x",
  });
  assert.match(await ada.read(`${path}/review?show=decided`), /“<bdi>x<\/bdi>”/);
  const faulty = await ada.submit(`${path}/review`, { decision: "toString", change: ids[2]! });
  assert.equal(faulty.status, 400);
  assert.equal(
    (await ada.submit(`${path}/review`, { decision: "approve", change: "x" })).status,
    404,
  );
  await relay();
  const activity = await ada.read("/activity");
  for (const told of ["Change queued", "Change approved", "Change rejected"]) {
    assert.ok(activity.includes(told), told);
  }
  assert.ok(activity.includes(`${path}/review/${ids[1]}`));
});

Deno.test("over /v1 what was not read is approved by naming how much, and of a version alone", async () => {
  await using site = await startSite();
  const { askFor, rest, mint } = await shop(site);
  const change = await askFor("update_rows", {
    filter: { column: "id", op: "gte", value: 1 },
    values: { name: "x".repeat(30_000) },
    expected_count: 9,
  });
  const decider = await mint(DECIDING);
  const approve = (body: unknown) => rest(decider, "POST", `/changes/${change}/approve`, body);
  assert.deepEqual((await approve({})).status, 400);
  const listed = (await rest(decider, "GET", "/review")).body.items[0];
  // A list holds so many characters of a change, and every value of it whole.
  assert.deepEqual([listed.rows.length, listed.row_count, listed.more, listed.unseen_rows], [
    1,
    9,
    8,
    8,
  ]);
  assert.equal(listed.rows[0].after.name.length, 30_000);
  const { version } = listed;
  for (const unseen of [undefined, 0, 7, 9]) {
    const refused = await approve({ version, unseen_rows: unseen });
    assert.deepEqual([refused.status, refused.body.code], [409, "CONFLICT"]);
    assert.match(refused.body.message ?? refused.body.detail, /not been shown 8 rows/);
  }
  const pages: unknown[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: { body: Record<string, never> } = await rest(
      decider,
      "GET",
      `/review/${change}?limit=4&after_rows=${after}`,
    );
    pages.push([(page.body["rows"]! as unknown[]).length, page.body["unseen_rows"]]);
    after = page.body["next_rows"]!;
  }
  assert.deepEqual(pages, [[4, 5], [4, 1], [1, 0]]);
  // Another token has read none of it, and none is what it can name.
  const other = await mint(DECIDING);
  const theirs = await rest(other, "POST", `/changes/${change}/approve`, { version });
  assert.equal(theirs.status, 409);
  assert.equal((await approve({ version, unseen_rows: 1 })).status, 409);
  assert.equal((await approve({ version })).status, 200);
});
