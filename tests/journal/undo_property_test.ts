import assert from "node:assert/strict";
import { undoChanges } from "../../lib/journal/mod.ts";
import type { Tx } from "../../lib/postgres/mod.ts";
import { contents, openStage, type Stage } from "./stage.ts";

const DDL = `
  CREATE TABLE every (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exact numeric, scaled numeric(14,4), wide float8, narrow float4, small smallint, whole bigint,
    words text, padded char(6), local timestamp, moment timestamptz, day date, clock time,
    span interval, bytes bytea, doc jsonb, numbers int[], lists text[], grid int[][], tag uuid, flag boolean,
    reach int4range, bits bit varying(12), host inet, "odd ""name"" ⚓" text,
    twice numeric GENERATED ALWAYS AS (scaled * 2) STORED
  );
  CREATE TABLE pair (a int, b text, t text, k numeric, PRIMARY KEY (b, a));
  CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE, boss int REFERENCES parent);
  CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, k numeric);
  INSERT INTO parent SELECT i, 'p' || i, nullif(i - 1, -1) FROM generate_series(0, 8) i;
  INSERT INTO child SELECT 10 + i, i, i FROM generate_series(0, 8) i;
`;

const TABLES = [["every", "id"], ["pair", "b, a"], ["parent", "id"], ["child", "id"]] as const;

/** Mulberry32: the same sequence for the same seed. */
function dice(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, of: <T>(some: readonly T[]) => some[below(some.length)]! };
}

type Dice = ReturnType<typeof dice>;

/** Literals of each column, awkward ones among them. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  exact: [
    "1.50",
    "1.5",
    "-0.000",
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "12345678901234567890123.4500",
    "1e-20",
    "NULL",
  ],
  scaled: ["0", "3.1400", "-9999999999.9999", "NULL"],
  wide: [
    "0.1",
    "1e308",
    "-5e-324",
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "1.7976931348623157e308",
    "9007199254740993",
    "NULL",
  ],
  narrow: ["0.1", "3.4028235e38", "1e-45", "'NaN'", "NULL"],
  small: ["-32768", "7", "NULL"],
  whole: ["9223372036854775807", "-9223372036854775808", "0", "NULL"],
  words: [
    "''",
    "'it''s'",
    `'"quoted" \\ back'`,
    "E'line\\nbreak\\ttab'",
    "'⚓ ✓ 𝒳'",
    "'null'",
    "'{}'",
    "NULL",
  ],
  padded: ["'ab'", "'abcdef'", "''", "NULL"],
  local: ["'2026-01-02 03:04:05.678901'", "'infinity'", "'0044-03-15 12:00:00 BC'", "NULL"],
  moment: [
    "'2026-01-02 03:04:05.000001+05:30'",
    "'-infinity'",
    "'0001-01-01 00:00:00+00 BC'",
    "NULL",
  ],
  day: ["'2026-02-28'", "'infinity'", "'4713-01-01 BC'", "NULL"],
  clock: ["'24:00:00'", "'00:00:00.000001'", "NULL"],
  span: ["'1 year 2 mons -3 days 04:05:06.789'", "'-00:00:00.5'", "NULL"],
  bytes: ["'\\x00ff27225c'", "'\\x'", "NULL"],
  doc: [
    `'{"a": [1, 2.50, null], "b": {"c": "\\u00e9\\""}}'`,
    "'[]'",
    `'"text"'`,
    "'12.340'",
    "NULL",
  ],
  numbers: ["'{1,NULL,3}'", "'{}'", "NULL"],
  lists: [`'{"a,b","c\\"d",NULL,""," "}'`, "'{}'", "NULL"],
  grid: ["'{{1,2},{3,4}}'", "NULL"],
  tag: ["'00000000-0000-0000-0000-0000000000ff'", "NULL"],
  flag: ["true", "false", "NULL"],
  reach: ["'[1,10)'", "'empty'", "'(,5)'", "NULL"],
  bits: ["'101'", "''", "NULL"],
  host: ["'10.0.0.0/8'", "'::1'", "NULL"],
  '"odd ""name"" ⚓"': ["'x'", "NULL"],
};

const COLUMNS = Object.keys(VALUES);

const valueOf = (roll: Dice, column: string) => roll.of(VALUES[column]!);

function insertEvery(roll: Dice): string {
  const rows = Array.from(
    { length: 1 + roll.below(3) },
    () => `(${COLUMNS.map((column) => valueOf(roll, column)).join(", ")})`,
  );
  return `INSERT INTO every (${COLUMNS.join(", ")}) VALUES ${rows.join(", ")}`;
}

function updateEvery(roll: Dice): string {
  const set = COLUMNS.filter(() => roll.below(6) === 0);
  const columns = set.length ? set : [roll.of(COLUMNS)];
  const sets = columns.map((column) => `${column} = ${valueOf(roll, column)}`);
  return `UPDATE every SET ${sets.join(", ")} WHERE id % 3 = ${roll.below(3)}`;
}

/** One statement such as a tool makes; some are refused by the data, as tools' are. */
function statement(roll: Dice): string {
  const id = () => roll.below(9);
  return roll.of([
    () => insertEvery(roll),
    () => updateEvery(roll),
    () => updateEvery(roll),
    () => `DELETE FROM every WHERE id % 4 = ${roll.below(4)}`,
    () => `INSERT INTO pair VALUES (${id()}, 'b${id()}', 't', ${id()}.50), (${id()}, 'c', NULL, 1)`,
    () => `UPDATE pair SET t = 'u${id()}', k = k * 10 WHERE a > ${id()}`,
    () => `DELETE FROM pair WHERE a = ${id()}`,
    () => `INSERT INTO parent VALUES (${id()}, 'c${id()}', NULL)`,
    () =>
      `INSERT INTO parent VALUES (${20 + id()}, NULL, ${40 + id()}), (${40 + id()}, NULL, NULL)`,
    () => `UPDATE parent SET boss = ${id()}, code = 'c${id()}' WHERE id = ${id()}`,
    () => `UPDATE parent SET boss = NULL WHERE id > ${id()}`,
    () => `DELETE FROM parent WHERE id = ${id()} OR id > 20`,
    () => `INSERT INTO child VALUES (${id()}, ${id()}, ${id()}.0)`,
    () => `UPDATE child SET parent = ${id()}, k = -k WHERE id = ${id()}`,
    () => `DELETE FROM child WHERE id < ${id()}`,
  ])();
}

async function runSome(tx: Tx, roll: Dice): Promise<void> {
  for (let left = 1 + roll.below(5); left > 0; left--) {
    // What the data refuses is not there, as after a tool's fault.
    await tx.savepoint((inner) => inner.unsafe(statement(roll))).catch(() => {});
  }
}

const all = async ({ owner }: Stage): Promise<Record<string, unknown[][]>> =>
  Object.fromEntries(
    await Promise.all(
      TABLES.map(async ([table, order]) => [table, await contents(owner, table, order)]),
    ),
  );

for (const seed of [11, 12, 13]) {
  Deno.test(`undoChanges() restores every byte of random changes, and brings them back (${seed})`, async () => {
    await using stage = await openStage(DDL);
    const { services, scope } = stage;
    const roll = dice(seed);
    let undone = 0;
    const filled = new Set<string>();
    for (let round = 0; round < 40; round++) {
      const before = await all(stage);
      const change = await stage.change((tx) => runSome(tx, roll));
      const after = await all(stage);
      for (const [table, rows] of Object.entries(after)) if (rows.length) filled.add(table);
      const target = { kind: "change", change } as const;
      const tried = await undoChanges(services, scope, target, { preview: true })
        .catch((error) => error.code);
      assert.deepEqual(await all(stage), after, "a preview keeps nothing");
      if (tried === "NOT_FOUND") continue;
      if (roll.below(3) === 0) continue;
      const result = await undoChanges(services, scope, target, { preview: false });
      assert.deepEqual({ ...result, change: null, rows: null }, { ...tried, rows: null });
      assert.equal(result.refused, 0, JSON.stringify(result.rows.map((row) => row.refusal)));
      assert.deepEqual(await all(stage), before, `round ${round}`);
      undone += result.restored;
      if (roll.below(2) === 0) continue;
      const redone = await undoChanges(
        services,
        scope,
        { kind: "change", change: result.change! },
        { preview: false },
      );
      assert.equal(redone.refused, 0);
      assert.deepEqual(await all(stage), after, `round ${round}, again`);
    }
    assert.ok(undone > 20, `${undone} rows`);
    assert.deepEqual(filled, new Set(TABLES.map(([table]) => table)), "each table was tried");
  });
}
