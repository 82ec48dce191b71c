import assert from "node:assert/strict";
import fc from "fast-check";
import { endpointDatabase } from "../../../tests/harness/endpoint_database.ts";
import { loadText } from "../../../tests/harness/load_text.ts";

/**
 * The one rule of inference: the type keeps everything that the text said. Columns of all kinds, with
 * the edges of each, go through the real load, and what Postgres gives back is compared by means that
 * inference does not use.
 */

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const two = (min: number, max: number) =>
  fc.integer({ min, max }).map((n) => String(n).padStart(2, "0"));
const year = fc.integer({ min: 1, max: 9999 }).map((n) => String(n).padStart(4, "0"));
/** Mostly the one, now and then the other. */
const mostly = <T>(plain: fc.Arbitrary<T>, edge: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 30, arbitrary: plain }, { weight: 1, arbitrary: edge });
const dayOfMonth = mostly(two(1, 28), two(29, 31));
const day = fc.tuple(year, two(1, 12), dayOfMonth, fc.constantFrom("-", "/"))
  .map(([y, m, d, s]) => `${y}${s}${m}${s}${d}`);
const seconds = fc.tuple(mostly(two(0, 59), two(60, 60)), fc.option(mostly(digits(6), digits(7))))
  .map(([s, fraction]) => `:${s}${fraction === null ? "" : `.${fraction}`}`);
const clock = fc.tuple(
  mostly(two(0, 23), two(24, 24)),
  mostly(two(0, 59), two(60, 60)),
  fc.option(seconds, { nil: "" }),
).map(([h, m, s]) => `${h}:${m}${s}`);
const offset = fc.constantFrom("Z", "+00", "+00:00", "-00:00", "+02:00", "+0200", "-05", "+05:45");
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value));

/** Values that look like one kind; the first of each list is plain, the rest are its edges. */
const KINDS: readonly fc.Arbitrary<string>[] = [
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.tuple(fc.constantFrom("", "-", "+"), digits(12)).map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom("", "-"), digits(9), fc.constant("."), digits(9))
    .map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom("", "-"), fc.constant("."), digits(5)).map((parts) => parts.join("")),
  fc.double({ noNaN: false }).map(String),
  fc.tuple(digits(3), fc.constantFrom("e", "E", "e+", "e-"), digits(4)).map((p) => p.join("")),
  fc.constantFrom("true", "false"),
  fc.constantFrom("true", "True", "TRUE", "t", "yes", "1"),
  fc.uuid(),
  fc.uuid().map((text) => text.toUpperCase()),
  day,
  fc.tuple(dayOfMonth, two(1, 12), year).map((parts) => parts.join("/")),
  fc.tuple(two(1, 12), dayOfMonth, year).map((parts) => parts.join("/")),
  fc.tuple(two(1, 12), two(1, 12), year).map((parts) => parts.join("/")),
  fc.tuple(fc.constantFrom("Jan", "Jun", "May", "September"), dayOfMonth, year)
    .map((parts) => parts.join(" ")),
  fc.tuple(day, fc.constantFrom(" ", "T"), clock).map((parts) => parts.join("")),
  fc.tuple(day, fc.constantFrom(" ", "T"), clock, offset).map((parts) => parts.join("")),
  fc.tuple(day, clock).map(([d, c]) => `${d}T${c}Z`),
  fc.tuple(day, clock).map(([d, c]) => `${d} ${c}+02:00`),
  json,
  fc.record({ b: fc.double({ noNaN: true }), a: fc.array(fc.uuid()) })
    .map((value) => JSON.stringify(value)),
  fc.constantFrom('{"b":1,"a":[1.10,1e5]}', "[]", '{"a":1,"a":1}', '{"x":-0}', '["\\u0000"]'),
  fc.constantFrom(
    " 1",
    "1 ",
    "NaN",
    "Infinity",
    "\\N",
    "\\.",
    "null",
    "1_000",
    "0x1f",
    "1,5",
    "5.",
  ),
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "0").toWellFormed()),
];

const column = fc.tuple(
  fc.constantFrom(...KINDS).chain((kind) => fc.array(kind, { minLength: 8, maxLength: 8 })),
  fc.option(fc.constantFrom(...KINDS).chain((kind) => kind), { freq: 6 }),
  fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
).map(([values, odd, empty]) => {
  const out = [...values];
  if (odd !== null) out[3] = odd;
  for (const index of empty) out[index] = "";
  return out;
});

/** A decimal as whole number and power of ten. */
function decimal(text: string): { value: string; decimals: number | null } {
  const match = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  assert.ok(match, `${text} is no decimal`);
  const [, sign, whole, fraction = "", exponent] = match;
  const power = Number(exponent ?? 0) - fraction.length;
  const mantissa = `${whole}${fraction}`.replace(/^0+(?=.)/, "");
  const zeros = /0*$/.exec(mantissa)![0].length;
  const value = /^0*$/.test(mantissa)
    ? "0"
    : `${sign}${mantissa.slice(0, mantissa.length - zeros)}e${power + zeros}`;
  return { value, decimals: exponent === undefined ? fraction.length : null };
}

const inOrder = (text: string, order: "dmy" | "mdy"): string | null => {
  const match = /^(\d+)\/(\d+)\/(\d{4})$/.exec(text);
  if (!match) return null;
  const [d, m] = order === "dmy" ? [match[1], match[2]] : [match[2], match[1]];
  const out = `${match[3]}-${m!.padStart(2, "0")}-${d!.padStart(2, "0")}`;
  const time = new Date(`${out}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(out) ? out : null;
};

/** An instant as milliseconds of its second and the fraction's digits. */
function instant(text: string): string {
  const match = /^(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(.*)$/.exec(text);
  assert.ok(match, `${text} is no time`);
  const [, y, m, d, time, fraction = "", zone] = match;
  const offset = zone === "" || zone === "Z"
    ? "Z"
    : `${zone!.slice(0, 3)}:${zone!.slice(3).replace(":", "") || "00"}`;
  const clock = time!.length === 5 ? `${time}:00` : time;
  return `${new Date(`${y}-${m}-${d}T${clock}${offset}`).getTime()}.${fraction.replace(/0+$/, "")}`;
}

const exact = (text: string): unknown =>
  JSON.parse(
    text,
    (_key, value, context?: { source?: string }) =>
      typeof value === "number" ? `number ${decimal(context!.source!).value}` : value,
  );

function assertKept(type: string, said: readonly string[], back: readonly (string | null)[]) {
  const pairs = said.map((text, index) => [text, back[index]!] as const);
  for (const [text, given] of pairs) assert.equal(given === null, text === "");
  const values = pairs.filter(([text]) => text !== "");
  if (type === "date" && values.some(([text]) => /^\d+\/\d+\/\d{4}$/.test(text))) {
    const orders = (["dmy", "mdy"] as const).filter((order) =>
      values.every(([text]) => inOrder(text, order) !== null)
    );
    assert.equal(orders.length, 1, "a date that can be read in two orders");
    for (const [text, given] of values) assert.equal(given, inOrder(text, orders[0]!));
    return;
  }
  if (type === "timestamptz") {
    const zones = values.map(([text]) =>
      /(Z|[+-]\d\d(?::?\d\d)?)$/.exec(text)![1]!.replace(":", "").replace(/^(.\d\d)$/, "$100")
        .replace("+0000", "Z")
    );
    assert.equal(new Set(zones).size, 1, "offsets that the column does not keep");
  }
  for (const [text, given] of values) {
    if (type === "numeric") {
      const [a, b] = [decimal(text), decimal(given)];
      assert.equal(b.value, a.value);
      if (a.decimals !== null) assert.equal(b.decimals, a.decimals);
      assert.ok(!/^-[0.]*(?:[eE]|$)/.test(text), "the sign of zero");
    } else if (type === "boolean" || type === "uuid") assert.equal(given, text.toLowerCase());
    else if (type === "date") {
      const iso = /^\d{4}/.test(text) ? text.replaceAll("/", "-") : namedDay(text);
      assert.equal(given, iso);
    } else if (type === "timestamp" || type === "timestamptz") {
      assert.equal(instant(given), instant(text));
    } else if (type === "jsonb") assert.deepEqual(exact(given), exact(text));
    else assert.equal(given, text);
  }
}

const MONTHS: Readonly<Record<string, string>> = {
  Jan: "01",
  Jun: "06",
  May: "05",
  September: "09",
};

function namedDay(text: string): string {
  const [month, d, y] = text.split(" ");
  return `${y}-${MONTHS[month!]}-${d}`;
}

Deno.test("the type keeps everything that the text said", async () => {
  await using database = await endpointDatabase();
  const { owner } = database;
  const types = new Map<string, number>();
  let file = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(column, { minLength: 10, maxLength: 10 }), async (columns) => {
      const name = `keeps_${file++}`;
      const cells = (row: number) =>
        columns.map((values) => `"${values[row]!.replaceAll('"', '""')}"`);
      const lines = [
        columns.map((_, index) => `c${index}`),
        ...columns[0]!.map((_, i) => cells(i)),
      ];
      const text = lines.map((line) => line.join(",")).join("\n");
      const report = await loadText(owner, `${name}.csv`, text, {
        options: { header: true, delimiter: ",", quote: '"', encoding: "utf-8" },
      });
      const loaded = report.tables[0]!;
      assert.equal(report.rejects, 0);
      assert.equal(loaded.rows, 8);
      const list = loaded.columns.map(({ name }) => `${name}::text AS ${name}`).join(", ");
      const rows = await owner.begin(async (tx) => {
        await tx`SET LOCAL timezone = 'UTC'`;
        return await tx.unsafe(`SELECT ${list} FROM ${name} ORDER BY _id`);
      }) as Record<string, string | null>[];
      loaded.columns.forEach(({ name, type }, index) => {
        types.set(type, (types.get(type) ?? 0) + 1);
        assertKept(type, columns[index]!, rows.map((row) => row[name]!));
      });
      await owner.unsafe(`DROP TABLE ${name}`);
    }),
    { numRuns: 60 },
  );
  // A rule that only text had to keep would say nothing.
  const all = ["boolean", "integer", "bigint", "numeric", "date", "timestamp", "timestamptz"];
  for (const type of [...all, "uuid", "jsonb", "text"]) {
    assert.ok(types.has(type), `no column became ${type}`);
  }
});
