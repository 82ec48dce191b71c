import assert from "node:assert/strict";
import { createEndpoint, enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { carryOver, mailReviewers, ROUND_LIMIT } from "../../lib/journal/mod.ts";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { callTool, loadManifest, rejectChange, setWrites } from "../../lib/tools/mod.ts";
import { requestOf, startSite } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { asSuperuser, joinedAs, member, type Site } from "./accounts_setup.ts";

const SECRET = "canary-4711";

async function shop(site: Site) {
  const { services } = site;
  const ada = await member(site, "ada@example.com");
  const session = await readSession(services, ada.cookies.get("bulkhead_session")!);
  const scope = requestOf(principalOf(session!));
  const made = await createEndpoint(services, scope, "Har\u202ebour");
  await loadTables(services, made, "CREATE TABLE item (id int PRIMARY KEY, name text)");
  await setWrites(services, made, "review");
  const { view } = await mintToken(services, scope, {
    name: "Agent",
    scope: "mcp:write",
    abilities: ["rows:read", "rows:insert"],
    endpoints: [made.endpoint.id],
  });
  const entered = await enterEndpoint(services, scope, made.endpoint.slug);
  const principal = {
    ...entered.principal,
    kind: "mcp" as const,
    tokenId: view.id,
    label: view.name,
    abilities: new Set(view.abilities),
  };
  const agent = { ...entered, principal };
  let next = 1;
  return {
    ada,
    entered,
    /** Asks for a change, and lets the activity log be told of it. */
    async ask(): Promise<string> {
      const manifest = await loadManifest(services, agent);
      const rows = [{ id: next++, name: SECRET }];
      const answer = await callTool(services, agent, manifest, "insert_rows", {
        table: "item",
        rows,
      });
      assert.equal(answer.isError, false, answer.text);
      const lease = await openEndpoint(services, made, "owner");
      try {
        await carryOver(services.control, made.endpoint, lease.sql, {
          limit: ROUND_LIMIT,
          wait: true,
        });
      } finally {
        lease.release();
      }
      return JSON.parse(answer.structured!).change;
    },
  };
}

/** Mails about changes that wait, the oldest first, as `address: subject`. */
async function told({ services }: Site): Promise<string[]> {
  await services.mailer.settle();
  return services.mailer.mailbox!.list().filter(({ subject }) => /for review/.test(subject))
    .map(({ to, subject }) => `${to}: ${subject}`).reverse();
}

const later = (site: Site, minutes: number) =>
  asSuperuser(
    site,
    (sql) =>
      sql`UPDATE review_news SET since = since - make_interval(mins => ${minutes}),
      told_at = told_at - make_interval(mins => ${minutes})`,
  );

Deno.test("approvers are told by mail that changes wait: once, together, and as they like", async () => {
  await using site = await startSite();
  const { services } = site;
  const { ada, ask, entered } = await shop(site);
  for (const role of ["admin", "member", "viewer"]) await joinedAs(site, ada, role);
  await ask();
  await ask();
  await mailReviewers(services);
  assert.deepEqual(await told(site), [], "the first waits a minute for more");
  await later(site, 2);
  // Of any number of processes, one.
  await Promise.all(Array.from({ length: 8 }, () => mailReviewers(services)));
  const both = ["ada", "admin"].map((who) => `${who}@example.com: 2 changes wait for review`);
  assert.deepEqual((await told(site)).sort(), both);
  const mail = services.mailer.mailbox!.list().find(({ subject }) => /for review/.test(subject))!;
  assert.ok(mail.text.includes(`/endpoints/${entered.endpoint.slug}/review`), mail.text);
  assert.ok(!mail.text.includes(SECRET) && !mail.text.includes("item"), mail.text);
  assert.ok(mail.text.includes("[U+202E]") && !mail.text.includes("\u202e"), mail.text);

  await ask();
  await later(site, 5);
  await mailReviewers(services);
  assert.equal((await told(site)).length, 2, "a quarter of an hour is not over");
  const page = await ada.read("/team");
  assert.match(page, /Mail me when changes wait for review/);
  assert.equal((await ada.submit("/team/review-mail", {}, "/team")).status, 303);
  await later(site, 15);
  await mailReviewers(services);
  assert.deepEqual((await told(site)).slice(2), ["admin@example.com: 3 changes wait for review"]);
  await mailReviewers(services);
  assert.equal((await told(site)).length, 3, "nothing is new");

  const waiting = await ask();
  const lease = await openEndpoint(services, entered, "owner");
  const ids = await lease.sql<{ id: string }[]>`
    SELECT id FROM bulkhead.changes WHERE state = 'queued'`;
  lease.release();
  assert.ok(ids.some(({ id }) => id === waiting));
  for (const { id } of ids) await rejectChange(services, entered, id as never, null);
  await later(site, 60);
  await mailReviewers(services);
  assert.equal((await told(site)).length, 3, "everything was decided meanwhile");
});

Deno.test("who may not approve is asked nothing about mails, and changes nothing", async () => {
  await using site = await startSite();
  const { ada } = await shop(site);
  const plain = await joinedAs(site, ada, "member");
  assert.doesNotMatch(await plain.read("/team"), /Mail me when changes wait/);
  assert.equal((await plain.submit("/team/review-mail", {}, "/team")).status, 403);
});
