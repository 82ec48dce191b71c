import assert from "node:assert/strict";
import { chaos } from "./chaos.ts";
import { type Found, judge } from "./judge.ts";

Deno.test("kills of the server and of Postgres lose, double and halve no write", async () => {
  const { writes, found, faults } = await chaos(
    ["server", "postgres", "server", "both", "postgres", "starting"],
    () => {},
  );
  assert.deepEqual(faults, []);
  assert.ok(found.entries.length > 50);

  // What the judge is there for: each of these is a loss, a double or a half.
  const entry = found.entries.findLast(({ op }) => op !== "delete")!;
  const without = <T extends { readonly id: number }>(list: readonly T[], id: number) =>
    list.filter((one) => one.id !== id);
  const tampered: Record<string, Partial<Found>> = {
    "a row lost": { rows: without(found.rows, found.rows[0]!.id) },
    "a row too many": { rows: [...found.rows, { id: -1, n: 0, note: "" }] },
    "an entry lost": { entries: without(found.entries, entry.id) },
    "an entry not audited": { audited: without(found.audited, entry.id) },
    "an entry audited twice": { audited: [...found.audited, found.audited[0]!] },
    "a change of nobody": { keys: new Map([...found.keys].slice(1)) },
    "a change made twice": {
      keys: new Map([...found.keys, [crypto.randomUUID(), [...found.keys.values()][0]!]]),
    },
    "an entry left behind": { waiting: 1 },
    "a broken chain": { chainFault: "entry 1" },
  };
  for (const [what, change] of Object.entries(tampered)) {
    assert.notEqual(judge(writes, { ...found, ...change }).length, 0, what);
  }
  const acknowledged = writes.filter(({ change }) => change !== null);
  assert.notEqual(judge([...writes, { ...acknowledged[0]!, key: "never" }], found).length, 0);
});
