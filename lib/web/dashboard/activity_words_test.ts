import assert from "node:assert/strict";
import type { ActivityEntry } from "../../audit/mod.ts";
import { newId, type Slug, type TokenId } from "../../ids.ts";
import { happenings } from "./activity_words.ts";

const change = newId();

function entry(part: Partial<ActivityEntry>): ActivityEntry {
  return {
    id: newId(),
    seq: "1",
    at: new Date(0),
    action: "row.updated",
    kind: "mcp",
    userId: null,
    email: null,
    tokenId: null,
    tokenName: null,
    grantId: null,
    appId: null,
    appName: null,
    tool: "update_row",
    table: null,
    endpointId: null,
    endpointName: null,
    endpointSlug: "films-01234567" as Slug,
    subject: "customer",
    network: null,
    requestId: null,
    detail: { change, columns: ["name"] },
    ...part,
  };
}

const words = (...entries: ActivityEntry[]) =>
  happenings(entries).map(({ what, place, subject, facts }) =>
    [what, place, subject, ...facts].filter(Boolean).join(" ")
  );

Deno.test("happenings() tells rows of one change together, and others apart", () => {
  const [one, ...more] = happenings([entry({}), entry({ detail: { change, columns: ["city"] } })]);
  assert.equal(more.length, 0);
  assert.equal(one!.changePath, `/endpoints/films-01234567/changes/${change}`);
  assert.deepEqual(words(entry({}), entry({ detail: { change, columns: ["city"] } })), [
    "2 rows changed in customer columns name, city with update_row",
  ]);
  assert.deepEqual(
    words(entry({}), entry({ action: "row.deleted" }), entry({}), entry({ subject: "order" })),
    [
      "Row changed in customer column name with update_row",
      "Row deleted from customer column name with update_row",
      "Row changed in customer column name with update_row",
      "Row changed in order column name with update_row",
    ],
  );
  assert.equal(words(entry({ detail: {} }), entry({ detail: {} })).length, 2);
});

Deno.test("happenings() tells what a detail holds, whatever form it has", () => {
  const columns = Array.from({ length: 9 }, (_, i) => `c${i}`);
  assert.deepEqual(words(entry({ detail: { columns, undoes: "4" } })), [
    "Row changed in customer columns c0, c1, c2, c3, c4, c5 and 3 more with update_row " +
    "to undo an earlier change",
  ]);
  const denied = { action: "call.denied", subject: "update_row" } as const;
  assert.deepEqual(
    words(
      entry({ ...denied, detail: { reason: "ACCESS_DENIED", count: 1200 } }),
      entry({ ...denied, detail: { reason: "SOMETHING_NEW", count: 1 } }),
    ),
    [
      "Call denied update_row 1,200 times the token does not cover it",
      "Call denied update_row SOMETHING_NEW",
    ],
  );
  for (const odd of [{ change: "../x", columns: "x" }, { change: 7, columns: [1, null] }]) {
    const [told] = happenings([entry({ detail: odd })]);
    assert.deepEqual([told!.changePath, told!.facts], [null, ["with update_row"]]);
  }
  assert.equal(happenings([entry({ endpointSlug: null })])[0]!.changePath, null);
});

Deno.test("happenings() tells what was set, and leads to no change where no row changed", () => {
  const rules = entry({
    action: "rules.changed",
    tool: "set_rules",
    detail: { change, columns: ["hidden", "insert"] },
  });
  assert.deepEqual(words(rules), ["Field rules changed for customer hidden columns adding"]);
  assert.equal(happenings([rules])[0]!.changePath, null);
  const writes = { action: "writes.changed", subject: "films-01234567", tool: null } as const;
  assert.deepEqual(
    words(
      entry({ ...writes, detail: { before: "off", writes: "direct" } }),
      entry({ ...writes, detail: { before: 1 } }),
    ),
    ["Writing changed films-01234567 from “off” to “at once”", "Writing changed films-01234567"],
  );
});

Deno.test("happenings() shows no id as a subject, and leads a denied call to its token", () => {
  const [imported] = happenings([entry({ action: "data.loaded", subject: newId() })]);
  assert.equal(imported!.subject, "");
  const tokenId = newId<TokenId>();
  const detail = { reason: "INSUFFICIENT_SCOPE", missing: "rows:delete" };
  const [denied] = happenings([entry({ action: "call.denied", tokenId, detail })]);
  assert.equal(denied!.fix?.path, `/tokens/${tokenId}`);
  const operator = entry({ action: "session.link_created", subject: "a@b.example", tool: null });
  assert.deepEqual(words({ ...operator, detail: { by: "operator" } }), [
    "Sign-in link created a@b.example from the server's command line",
  ]);
});
