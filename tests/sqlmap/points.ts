/** Where a payload goes in a tool's arguments. */
export const MARK = "§";

/** One place in a tool's arguments, with a value that is right for it. */
export interface Point {
  readonly usual: string;
  /** The arguments, with `MARK` for the value; also as the name of a property. */
  readonly args: Readonly<Record<string, unknown>>;
}

const at = (usual: string, args: Record<string, unknown>): Point => ({ usual, args });
const customer = (args: Record<string, unknown>) => ({ table: "customer", ...args });
const where = (column: string, op: string, value: unknown) => ({ filter: { column, op, value } });
const dry = (args: Record<string, unknown>) => customer({ dry_run: true, ...args });
const UUID = "0198f5b0-0000-7000-8000-000000000000";

/** Every text of every tool's arguments, by tool and the name of a parameter of the adapter. */
export const POINTS: Readonly<Record<string, Readonly<Record<string, Point>>>> = {
  describe_tables: { tables: at("customer", { tables: [MARK] }) },
  list_rows: {
    table: at("customer", { table: MARK }),
    columns: at("name", customer({ columns: [MARK] })),
    order: at("name", customer({ order_by: [{ column: MARK }] })),
    direction: at("asc", customer({ order_by: [{ column: "name", direction: MARK }] })),
    cursor: at("x", customer({ cursor: MARK })),
  },
  get_row: {
    key: at("1", customer({ key: MARK })),
    key_value: at("Oslo", { table: "place", key: { name: MARK } }),
    key_column: at("id", customer({ key: { [MARK]: 1 } })),
  },
  filter_rows: {
    column: at("name", customer(where(MARK, "eq", "Ada"))),
    op: at("eq", customer(where("name", MARK, "Ada"))),
    text: at("Ada", customer(where("name", "eq", MARK))),
    number: at("1", customer(where("id", "gt", MARK))),
    pattern: at("A%", customer(where("name", "like", MARK))),
    part: at("d", customer(where("name", "contains", MARK))),
    list: at("Ada", customer(where("name", "in", ["x", MARK]))),
    date: at("2020-01-01", customer(where("since", "between", [MARK, "2030-01-01"]))),
    json: at('{"a":1}', customer(where("extra", "eq", MARK))),
  },
  search_rows: {
    query: at("first", { table: "visit", query: MARK }),
    columns: at("note", { table: "visit", query: "first", columns: [MARK] }),
  },
  count_rows: {
    value: at("Oslo", customer(where("city", "starts_with", MARK))),
    join: at("customer", { table: "visit", joins: [{ table: MARK }] }),
  },
  aggregate_rows: {
    fn: at("max", customer({ aggregates: [{ fn: MARK, column: "name" }] })),
    column: at("name", customer({ aggregates: [{ fn: "max", column: MARK }] })),
    as: at("most", customer({ aggregates: [{ fn: "max", column: "name", as: MARK }] })),
    group: at("city", customer({ aggregates: [{ fn: "count" }], group_by: [MARK] })),
    bucket: at(
      "month",
      customer({ aggregates: [{ fn: "count" }], group_by: [{ column: "since", bucket: MARK }] }),
    ),
    having: at(
      "1",
      customer({
        aggregates: [{ fn: "count", as: "n" }],
        group_by: ["city"],
        having: { column: "n", op: "gte", value: MARK },
      }),
    ),
  },
  join_rows: {
    table: at("customer", { table: "visit", joins: [{ table: MARK }] }),
    as: at("c", { table: "visit", joins: [{ table: "customer", as: MARK }] }),
    on: at("customer_id", { table: "visit", joins: [{ table: "customer", on: MARK }] }),
    value: at("Ada", {
      table: "visit",
      joins: [{ table: "customer" }],
      ...where("customer.name", "eq", MARK),
    }),
    order: at("customer.name", {
      table: "visit",
      joins: [{ table: "customer" }],
      order_by: [{ column: MARK }],
    }),
  },
  insert_rows: {
    table: at("visit", { table: MARK, rows: [{ note: "x" }], dry_run: true }),
    column: at("name", dry({ rows: [{ id: 90, [MARK]: "x" }] })),
    text: at("Eva", dry({ rows: [{ id: 90, name: MARK }] })),
    number: at("90", dry({ rows: [{ id: MARK, name: "x" }] })),
    date: at("2020-01-01", dry({ rows: [{ id: 90, since: MARK }] })),
    json: at("{}", dry({ rows: [{ id: 90, extra: MARK }] })),
    written: at("x", { table: "visit", rows: [{ note: MARK }] }),
    idempotency: at("a", { table: "visit", rows: [{ note: "x" }], idempotency_key: MARK }),
  },
  update_row: {
    key: at("1", customer({ key: MARK, values: { city: "Oslo" } })),
    column: at("city", customer({ key: 1, values: { [MARK]: "Oslo" } })),
    text: at("Oslo", customer({ key: 1, values: { city: MARK } })),
    number: at("1.50", customer({ key: 1, values: { credit: MARK } })),
    version: at("x", customer({ key: 1, values: { city: "Oslo" }, if_unchanged: MARK })),
  },
  delete_row: {
    key: at("3", dry({ key: MARK })),
    key_value: at("Oslo", { table: "place", key: { name: MARK }, dry_run: true }),
    version: at("x", dry({ key: 1, if_unchanged: MARK })),
  },
  upsert_rows: {
    key: at("id", dry({ rows: [{ id: 1, city: "Oslo" }], key: [MARK] })),
    value: at("Oslo", customer({ rows: [{ id: 1, city: MARK }] })),
    id: at("1", dry({ rows: [{ id: MARK, city: "Oslo" }] })),
  },
  update_rows: {
    value: at(
      "Ada",
      customer({ ...where("name", "eq", MARK), values: { city: "Oslo" }, expected_count: 1 }),
    ),
    column: at(
      "name",
      customer({ ...where(MARK, "eq", "Ada"), values: { city: "Oslo" }, expected_count: 1 }),
    ),
    set: at(
      "Oslo",
      customer({ ...where("id", "eq", 1), values: { city: MARK }, expected_count: 1 }),
    ),
  },
  delete_rows: {
    value: at("Una", dry({ ...where("name", "eq", MARK), expected_count: 1 })),
    number: at("3", dry({ ...where("id", "gte", MARK), expected_count: 1 })),
  },
  undo_change: {
    change: at(UUID, { change: MARK, dry_run: true }),
    entry: at("1", { entry: MARK, dry_run: true }),
  },
  get_change: { change: at(UUID, { change: MARK }) },
  get_activity_log: {
    since: at("2020-01-01T00:00:00Z", { since: MARK }),
    tool: at("update_row", { tool: MARK }),
    table: at("customer", { table: MARK }),
    action: at("row.updated", { action: MARK }),
    cursor: at("x", { cursor: MARK }),
  },
};

/** The arguments of a point with a value in them. */
export function filled(args: unknown, value: string): unknown {
  if (args === MARK) return value;
  if (Array.isArray(args)) return args.map((one) => filled(one, value));
  if (typeof args !== "object" || args === null) return args;
  return Object.fromEntries(
    Object.entries(args).map(([name, one]) => [
      name === MARK ? value : name,
      filled(one, value),
    ]),
  );
}
