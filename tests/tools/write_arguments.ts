import fc from "fast-check";

/** The columns of the tables that the arguments are for. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  typed: [
    ..."id t v c n m b s f r d ts tz tm iv j jb u bo raw e a ip rng twice must x o changed op key row"
      .split(" "),
  ],
  pair: ["a", "b", "note"],
  child: ["id", "typed_id", 'odd "name'],
  ruled: ["id", "city", "secret", "fixed"],
  bare: ["x"],
};

const columnsOf = (table: unknown) =>
  typeof table === "string" && Object.hasOwn(COLUMNS, table) ? COLUMNS[table]! : COLUMNS["typed"]!;

const hostile = fc.constantFrom<unknown>(
  ...[null, true, false, 0, -0, 1, 2, -1, 1.5, 1e308, 1e21, 2147483648, -32769, 9007199254740993],
  ...[
    "",
    " ",
    "x",
    "y",
    "Oslo",
    "Lund",
    "1",
    "1.005",
    "-0",
    "1e400",
    "NaN",
    "Infinity",
    "-infinity",
  ],
  ..."0x1 1_000 00012 +7 true t yes on null NULL DEFAULT $1 $$ {} [] {1,2} {{1},{2}} glad".split(
    " ",
  ),
  ...[
    "2026-02-30",
    "0001-01-01 BC",
    "99999-01-01",
    "infinity",
    "now",
    "epoch",
    "24:00",
    "23:59:60",
  ],
  ...["1 day -2 hours", "P1Y2M", '{"a":', '{"a":"\\u0000"}', "[1,2)", "empty", "10.0.0.0/33"],
  ...["\0", "a\0b", "\ud800", "\udfff\ud800", "é", "e\u0301", "\u202e", "𝔘", "\\x", "\\xzz", "\\"],
  ...["'", '"', "`", ";", "'; DROP TABLE typed; --", "' OR '1'='1", "%", "_", "%%", "a".repeat(6)],
  ...["x".repeat(20_000), "9".repeat(400), "[".repeat(200), "0198f5b0-0000-7000-8000-000000000000"],
  ...[[], {}, [[]], [null], { a: [{ b: null }] }, [1, "x", { y: [] }], { toString: 1 }],
);

const value = fc.oneof(
  { weight: 6, arbitrary: hostile },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 12 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 12, unit: "binary" }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

const table = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("typed", "typed", "pair", "child", "ruled") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("bare", "journal", "bulkhead.journal", "pg_class", "Typed"),
  },
  { weight: 1, arbitrary: value },
);

const columnOf = (name: unknown) =>
  fc.oneof(
    { weight: 14, arbitrary: fc.constantFrom(...columnsOf(name)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("__proto__", "constructor", "ctid", "xmin", "", "t.id"),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 70, unit: "binary" }) },
  );

/** Values that a column may well take; texts for the others. */
const FITTING: Readonly<Record<string, readonly unknown[]>> = {
  n: ["1.005", 9999.99, "-0.001"],
  m: ["1e20", "NaN", "0.10", -3],
  s: [-8, 7, "32767"],
  f: [0.1, "1e-320", "Infinity", "-0", 0.30000000000000004],
  r: [0.1, 16777217, "-0"],
  d: ["2026-02-28", "infinity", "1913-05-17"],
  ts: ["2026-02-28 01:02:03.123456", "2026-02-28T25:00:00"],
  tz: ["2026-02-28 01:02:03+05:30", "2026-02-28T01:02:03Z"],
  tm: ["23:59:59.999999", "24:00"],
  iv: ["1 day -2 hours", "P1Y2M3D", "1 mon"],
  j: [{ a: 1 }, [1, "1"], '{"b":  2}', "text"],
  jb: [{ a: 1, A: null }, [1.10], "text", true],
  u: ["0198f5b0-0000-7000-8000-000000000000", "0198f5b0-0000-7000-8000-000000000001"],
  bo: [true, false, "true"],
  raw: ["\\x00ff", "\\x"],
  e: ["glad", "sad", "mad"],
  a: ["{1,2}", [1, 2], "{}"],
  ip: ["10.0.0.1", "::1/64"],
  rng: ["[1,5)", "empty", "(,3]"],
  o: [1, 2],
  typed_id: [1, 2, 3, null],
  city: ["Oslo", "Lund", null],
};

const fitting = (column: string) =>
  fc.constantFrom(
    ...(Object.hasOwn(FITTING, column)
      ? FITTING[column]!
      : ["x", "é", "'; --", "two\nlines", "", "12"]),
  );

/** Columns with values: most of them right. */
const record = (name: unknown, maxKeys: number) =>
  fc.array(
    columnOf(name).chain((column) =>
      fc.tuple(
        fc.constant(column),
        fc.oneof({ weight: 5, arbitrary: fitting(column) }, { weight: 1, arbitrary: value }),
      )
    ),
    { maxLength: maxKeys },
  ).map((entries): Record<string, unknown> => Object.fromEntries(entries));

/** New values of a row that keeps its key: nearly all of them right. */
const changes = (name: unknown) => {
  const columns = columnsOf(name).filter((column) =>
    !["id", "a", "b", "twice", "secret", "fixed"].includes(column) || name === "typed"
  );
  return fc.array(
    fc.constantFrom(...columns).chain((column) =>
      fc.tuple(
        fc.constant(column),
        fc.oneof({ weight: 9, arbitrary: fitting(column) }, { weight: 1, arbitrary: value }),
      )
    ),
    { minLength: 1, maxLength: 2 },
  ).map((entries): Record<string, unknown> => Object.fromEntries(entries));
};

/** A row that may well be taken: its key, and a few other values. */
const row = (name: unknown) =>
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom("x", "y", "z"), record(name, 3)).map(
    ([n, text, rest]): Record<string, unknown> =>
      name === "pair" ? { a: n, b: text, ...rest } : { id: n, ...rest },
  );

const key = (name: unknown) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 12 }) },
    {
      weight: 3,
      arbitrary: row(name).map(({ a, b, id }) => (name === "pair" ? { a, b } : { id })),
    },
    { weight: 2, arbitrary: value },
    { weight: 1, arbitrary: record(name, 3) },
  );

const operator = fc.constantFrom(
  ..."eq ne lt lte gt gte in not_in between is_null like ilike contains starts_with".split(" "),
  "no_op",
);

const filterOf = (name: unknown): fc.Arbitrary<unknown> =>
  fc.letrec<{ filter: unknown }>((tie) => ({
    filter: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.record({
        column: columnOf(name),
        op: operator,
        value: fc.oneof(value, fc.array(value, { maxLength: 3 })),
      }, { requiredKeys: ["column", "op"] }),
      fc.record({ and: fc.array(tie("filter"), { maxLength: 3 }) }),
      fc.record({ or: fc.array(tie("filter"), { maxLength: 3 }) }),
      fc.record({ not: tie("filter") }),
      value,
    ),
  })).filter;

/** Finds some rows. */
const plainFilter = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.constantFrom("eq", "eq", "lte"))
  .map(([value, op]) => ({ column: "id", op, value }));

const filter = (name: unknown) =>
  fc.oneof({ weight: 2, arbitrary: plainFilter }, { weight: 1, arbitrary: filterOf(name) });

const common = {
  dry_run: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true), value),
  idempotency_key: fc.oneof(fc.constantFrom("k1", "k2", "k3", "k4"), value),
};

const expected = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 7 }) },
  { weight: 1, arbitrary: value },
);

type Shape = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const shapes: Readonly<Record<string, (name: unknown) => Shape>> = {
  insert_rows: (name) => ({
    rows: fc.oneof(
      { weight: 6, arbitrary: fc.array(row(name), { minLength: 1, maxLength: 4 }) },
      { weight: 2, arbitrary: fc.array(record(name, 4), { maxLength: 4 }) },
      value,
    ),
  }),
  update_row: (name) => ({
    key: key(name),
    values: fc.oneof(
      { weight: 6, arbitrary: changes(name) },
      { weight: 2, arbitrary: record(name, 3) },
      value,
    ),
  }),
  delete_row: (name) => ({ key: key(name) }),
  upsert_rows: (name) => ({
    rows: fc.oneof(
      { weight: 4, arbitrary: fc.array(row(name), { minLength: 1, maxLength: 4 }) },
      {
        weight: 4,
        arbitrary: columnOf(name).chain((column) =>
          fc.tuple(
            fc.constant(column),
            fc.array(fc.tuple(row(name), fitting(column)), { maxLength: 3 }),
          )
        )
          .map(([column, rows]) =>
            rows.map(([{ a, b, id }, one]) => ({
              ...(name === "pair" ? { a, b } : { id }),
              [column]: one,
            }))
          ),
      },
      value,
    ),
  }),
  update_rows: (name) => ({
    filter: filter(name),
    values: fc.oneof(
      { weight: 6, arbitrary: changes(name) },
      { weight: 2, arbitrary: record(name, 2) },
      value,
    ),
    expected_count: expected,
  }),
  delete_rows: (name) => ({
    filter: filter(name),
    expected_count: expected,
  }),
};

const extra: Readonly<Record<string, (name: unknown) => Shape>> = {
  update_row: () => ({ if_unchanged: value }),
  delete_row: () => ({ if_unchanged: value }),
  upsert_rows: (name) => ({ key: fc.oneof(fc.array(columnOf(name), { maxLength: 3 }), value) }),
};

/** Tools whose arguments are made here. */
export const FUZZED: readonly string[] = Object.keys(shapes);

/** Arguments of a tool: mostly of the right form, now and then anything. */
export function argumentsOf(tool: string): fc.Arbitrary<unknown> {
  const formed = table.chain((name) => {
    const required = shapes[tool]!(name);
    const sometimes = { ...common, ...extra[tool]?.(name), surplus: value };
    const rarely = Object.fromEntries(
      Object.entries(sometimes).map(([field, arbitrary]) => [
        field,
        fc.option(arbitrary, { nil: undefined, freq: field === "surplus" ? 1 : 3 }),
      ]),
    );
    return fc.tuple(
      fc.record(required),
      fc.record(rarely),
      fc.integer({ min: 0, max: 9 }),
    ).map(([args, more, luck]) => {
      // Half of all calls carry nothing but what is needed.
      const added = luck < 5 ? {} : Object.fromEntries(
        Object.entries(more).filter(([field, one]) =>
          one !== undefined && (field !== "surplus" || luck === 9)
        ),
      );
      return { table: name, ...args, ...added };
    });
  });
  return fc.oneof({ weight: 15, arbitrary: formed }, { weight: 1, arbitrary: value });
}
