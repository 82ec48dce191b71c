import fc from "fast-check";
import { CANARIES, HIDDEN, HIDDEN_TABLE, VISIBLE } from "./hidden_world.ts";

/** One call of a tool. */
export interface ToolCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const one = <T>(...values: readonly T[]) => fc.constantFrom(...values);

const { text, number, date } = CANARIES;
const texts = one(
  text,
  `${text} name`,
  `${text} note`,
  `${text} memo 5`,
  `${text}%`,
  "%canary%",
  "c",
  "Customer 3",
  "open",
  "shut",
  "no",
  "fi",
  "code 7",
  "label 2",
  "%",
  "_ustomer%",
  `${text} 7@x.example`,
  "",
);
const numbers = one<unknown>(
  0,
  1,
  3,
  7,
  101,
  105,
  918273,
  -918274,
  `${number}.25`,
  `${number}.75`,
  1e9,
  "-918273.5",
  31.5,
  9999,
);
const dates = one(
  date,
  "2020-03-01",
  "1900-01-01",
  "2021-01-01",
  `${date}T00:00:00Z`,
  "2026-01-03T00:00:00Z",
);
const values = fc.oneof(texts, numbers, dates);

const hiddenNames = one<string>(
  ...Object.values(HIDDEN),
  // Near misses: no advice may name what they nearly are.
  HIDDEN.email.slice(0, -1),
  `${HIDDEN.pay}s`,
  "hxqz",
);

const tables = one(...Object.keys(VISIBLE));

/** Columns of a table, and now and then one that it hides; `prefix` where tables are joined. */
const columnOf = (table: string, odds = 12) =>
  fc.oneof(
    { weight: odds, arbitrary: one(...VISIBLE[table]!) },
    { weight: 1, arbitrary: hiddenNames },
  );

type Columns = fc.Arbitrary<string>;

const condition = (column: Columns): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.record({
      column,
      op: one("eq", "ne", "lt", "lte", "gt", "gte", "like", "ilike", "contains", "starts_with"),
      value: values,
    }),
    fc.record({ column, op: one("in", "not_in"), value: fc.array(values, { maxLength: 4 }) }),
    fc.record({ column, op: one("between"), value: fc.tuple(values, values) }),
    fc.record({ column, op: one("is_null"), value: fc.boolean() }),
  );

const filterOf = (column: Columns): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: condition(column) },
    {
      weight: 1,
      arbitrary: fc.record({ and: fc.array(condition(column), { minLength: 1, maxLength: 3 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ or: fc.array(condition(column), { minLength: 1, maxLength: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ not: condition(column) }) },
  );

const orderOf = (column: Columns) =>
  fc.array(
    fc.record(
      { column, direction: one("asc", "desc"), nulls: one("first", "last") },
      { requiredKeys: ["column"] },
    ),
    { maxLength: 2 },
  );

/** Any of an object's members may be missing, but for the named. */
const some = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[]) =>
  fc.record(shape, { requiredKeys: required }) as fc.Arbitrary<Record<string, unknown>>;

const limits = one(1, 2, 5, 100);

const joinsOf: Readonly<Record<string, readonly unknown[]>> = {
  region: [[{ table: "customer" }], [{ table: "customer", optional: true }]],
  customer: [[{ table: "purchase" }], [{ table: "region", optional: true }], [{
    table: "purchase",
    optional: true,
  }]],
  purchase: [
    [{ table: "customer" }],
    [{ table: "customer", optional: true }],
    [{ table: "customer" }, { table: "item" }],
    [{ table: "customer", on: HIDDEN.mail }],
  ],
  item: [[{ table: "purchase" }, { table: "customer", optional: true }]],
  staff: [[{ table: "region" }]],
  review: [[{ table: HIDDEN_TABLE }], [{ table: "customer" }]],
};

const call = (tool: string, args: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<ToolCall> =>
  args.map((args) => ({ tool, args }));

const onTable = (make: (table: string, column: Columns) => fc.Arbitrary<ToolCall>) =>
  tables.chain((table) => make(table, columnOf(table)));

const chosen = (column: Columns) => fc.array(column, { minLength: 1, maxLength: 4 });

const aggregate = (column: Columns) =>
  some({ fn: one("count", "count_distinct", "sum", "avg", "min", "max"), column, as: one("a") }, [
    "fn",
  ]);

/** Calls that read. */
export const readCalls: fc.Arbitrary<ToolCall> = fc.oneof(
  onTable((table, column) =>
    call(
      "list_rows",
      some(
        { table: one(table), columns: chosen(column), order_by: orderOf(column), limit: limits },
        ["table"],
      ),
    )
  ),
  onTable((table, column) =>
    call(
      "get_row",
      some({
        table: one(table),
        key: fc.oneof(values, fc.dictionary(column, values, { maxKeys: 2 })),
        columns: chosen(column),
      }, ["table", "key"]),
    )
  ),
  onTable((table, column) =>
    call(
      "filter_rows",
      some({
        table: one(table),
        filter: filterOf(column),
        columns: chosen(column),
        order_by: orderOf(column),
        limit: limits,
      }, ["table", "filter"]),
    )
  ),
  onTable((table, column) =>
    call(
      "search_rows",
      some({
        table: one(table),
        query: one(
          text,
          "canary",
          "code",
          "customer 3",
          number,
          `${text} or note`,
          "-note label",
          "open",
        ),
        filter: filterOf(column),
        limit: limits,
      }, ["table", "query"]),
    )
  ),
  onTable((table, column) =>
    call("count_rows", some({ table: one(table), filter: filterOf(column) }, ["table"]))
  ),
  onTable((table, column) =>
    call(
      "aggregate_rows",
      some({
        table: one(table),
        aggregates: fc.array(aggregate(column), { minLength: 1, maxLength: 2 }),
        group_by: fc.array(column, { maxLength: 2 }),
        filter: filterOf(column),
        limit: limits,
      }, ["table", "aggregates"]),
    )
  ),
  onTable((table) => {
    const far = tables.chain((other) => columnOf(other).map((name) => `${other}.${name}`));
    const column = fc.oneof(columnOf(table), far);
    return fc.oneof(
      call(
        "join_rows",
        some({
          table: one(table),
          joins: one(...joinsOf[table]!),
          columns: chosen(column),
          filter: filterOf(column),
          order_by: orderOf(column),
          limit: limits,
        }, ["table", "joins"]),
      ),
      call(
        "count_rows",
        some({ table: one(table), joins: one(...joinsOf[table]!), filter: filterOf(column) }, [
          "table",
          "joins",
        ]),
      ),
      call(
        "aggregate_rows",
        some({
          table: one(table),
          joins: one(...joinsOf[table]!),
          aggregates: fc.array(aggregate(column), { minLength: 1, maxLength: 2 }),
          group_by: fc.array(column, { maxLength: 1 }),
        }, ["table", "joins", "aggregates"]),
      ),
    );
  }),
  call(
    "describe_tables",
    some({ tables: fc.array(one(...Object.keys(VISIBLE), HIDDEN_TABLE), { maxLength: 3 }) }, []),
  ),
  call("list_rows", some({ table: one(HIDDEN_TABLE, "jwfqyzkvaul", "pg_class") }, ["table"])),
);

// A key or a reference can betray a row that is filtered out (docs/how-to/field-rules.md): writes name
// only those of rows that both sides have, or that neither has.
const ids = fc.integer({ min: 1, max: 50 });
const customers = fc.integer({ min: 1, max: 14 });

// What an agent has written it may read: a canary that shows is one that it never wrote.
const plainTexts = one("a", "open", "label 2", "a longer text; with 'quotes'", "");
const plainNumbers = one<unknown>(0, 1, 2, 3, 5, 7, 8, 9, 12, "12", 4, 6, "7", "31.5", "much");
const plainDates = one("2020-03-01", "2021-01-01", "2024-02-29", "2025-12-31", "soon");

const newRow: Readonly<Record<string, fc.Arbitrary<Record<string, unknown>>>> = {
  region: some({ code: one("no", "is", "de", "fi"), name: plainTexts }, ["code"]),
  customer: some({
    id: ids,
    name: plainTexts,
    segment: one("open", "open", "shut"),
    region_code: one("no", "is", "xx"),
    note: plainTexts,
    credit: plainNumbers,
  }, ["id", "name"]),
  purchase: some({
    id: ids,
    customer_id: customers,
    code: one("code 1", "code 99", "new", "other"),
    amount: plainNumbers,
    at: plainDates,
  }, ["id", "code"]),
  item: some({ id: ids, purchase_id: ids, label: plainTexts, qty: plainNumbers }, ["id"]),
  staff: some({ name: plainTexts, level: plainNumbers }, ["name"]),
  review: some({ id: ids, body: plainTexts }, ["id"]),
};

const notWritable = fc.oneof(hiddenNames, one("since", "vault_id"));

const writable = (table: string) =>
  fc.oneof(
    { weight: 9, arbitrary: newRow[table]!.map(({ id: _, code: __, ...rest }) => rest) },
    {
      weight: 1,
      arbitrary: notWritable.map((name): Record<string, unknown> => ({ [name]: "a" })),
    },
  );

const keyOf: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  region: one("no", "se", "is", text),
  staff: one<unknown>(`${text} badge 99`, 1),
};

const common = {
  dry_run: one(false, false, true),
  idempotency_key: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: one("key-1", "key-2", "key-3", "key-4") },
  ),
};

/** Calls that write. */
export const writeCalls: fc.Arbitrary<ToolCall> = fc.oneof(
  { weight: 4, arbitrary: one("customer", "purchase", "item") },
  { weight: 1, arbitrary: tables },
).chain((table) => {
  const column = columnOf(table);
  const key = keyOf[table] ?? fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 20 }) },
    { weight: 1, arbitrary: fc.integer({ min: 101, max: 109 }) },
  );
  const count = fc.integer({ min: 1, max: 9 });
  const rows = fc.oneof(
    { weight: 8, arbitrary: fc.array(newRow[table]!, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(writable(table), { minLength: 1, maxLength: 1 }) },
  );
  return fc.oneof(
    call("insert_rows", some({ table: one(table), rows, ...common }, ["table", "rows"])),
    call("upsert_rows", some({ table: one(table), rows, ...common }, ["table", "rows"])),
    call(
      "update_row",
      some({ table: one(table), key, values: writable(table), ...common }, [
        "table",
        "key",
        "values",
      ]),
    ),
    call("delete_row", some({ table: one(table), key, ...common }, ["table", "key"])),
    call(
      "update_rows",
      some({
        table: one(table),
        filter: filterOf(column),
        values: writable(table),
        expected_count: count,
        ...common,
      }, ["table", "filter", "values", "expected_count"]),
    ),
    call(
      "delete_rows",
      some({ table: one(table), filter: filterOf(column), expected_count: count, ...common }, [
        "table",
        "filter",
        "expected_count",
      ]),
    ),
  );
});
