import { toolEndpoint } from "../../tests/tools/fixture.ts";
import { instructions, listResources, llmsTxt, readManifest, toolList } from "./mod.ts";
Deno.test("try", async () => {
  await using t = await toolEndpoint(`
    CREATE TABLE customer (id int PRIMARY KEY, name text, country text, born date, at timestamptz, total numeric(10,2), big bigint, ok boolean, doc jsonb);
    INSERT INTO customer SELECT i, 'Name | ' || i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'c' || (i % 5) END, date '2020-01-01' + i, timestamptz '2020-01-01Z' + i * interval '1.000001 day', i * 1.10, 9007199254740993 + i, i % 2 = 0, jsonb_build_object('n', 12345678901234567890 + i) FROM generate_series(1, 120) i;
    CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer, amount numeric, at timestamp);
    INSERT INTO invoice SELECT i, 1 + i % 100, i * 0.5, timestamp '2021-01-01' + i * interval '3 days' FROM generate_series(1, 300) i;
    CREATE INDEX customer_search_idx ON customer USING gin (to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(country, '')));
  `);
  const show = async (tool: string, args: unknown) => {
    const a = await t.call(tool, args);
    console.log(
      "###",
      tool,
      JSON.stringify(args),
      "\n",
      a.text.slice(0, 900),
      "\n",
      a.structured?.slice(0, 600),
    );
  };
  await show("describe_tables", {});
  await show("list_rows", { table: "customer", limit: 2 });
  await show("list_rows", { table: "custmer", limit: 2 });
  await show("list_rows", { table: "__proto__", limit: 2 });
  await show("list_rows", { table: "customer", limi: 2 });
  await show("list_rows", { table: "customer", limit: "2" });
  await show("get_row", { table: "customer", key: 3 });
  await show("get_row", { table: "customer", key: { id: 3 } });
  await show("get_row", { table: "customer", key: { constructor: 3 } });
  await show("filter_rows", {
    table: "customer",
    filter: { column: "contry", op: "eq", value: "c1" },
  });
  await show("filter_rows", {
    table: "customer",
    filter: { column: "country", op: "eq", value: "c1" },
    order_by: [{ column: "at", direction: "desc" }],
    limit: 3,
    columns: ["id", "at"],
    include_total: true,
  });
  await show("filter_rows", {
    table: "customer",
    filter: { column: "id", op: "eq", value: "abc" },
  });
  await show("search_rows", { table: "customer", query: "nam 1", limit: 3 });
  await show("search_rows", { table: "invoice", query: "nam 1", limit: 3 });
  await show("count_rows", {
    table: "customer",
    filter: { and: [{ column: "id", op: "gt", value: 5 }] },
  });
  await show("aggregate_rows", {
    table: "invoice",
    joins: [{ table: "customer" }],
    group_by: ["customer.country", { column: "at", bucket: "year" }],
    aggregates: [{ fn: "sum", column: "amount" }, {
      fn: "sum",
      column: "amount",
      times: "customer.total",
      as: "prod",
    }, { fn: "count" }],
    order_by: [{ column: "sum_amount", direction: "desc" }],
    having: { column: "count", op: "gt", value: 10 },
    limit: 3,
  });
  await show("join_rows", {
    table: "invoice",
    joins: [{ table: "customer" }],
    columns: ["id", "customer.name"],
    filter: { column: "customer.id", op: "lt", value: 4 },
    limit: 3,
  });
  const list = toolList(t.manifest, t.scope.principal);
  console.log(list.length, JSON.stringify(JSON.parse(list)[3], null, 1));
  console.log(
    listResources(t.manifest)[0],
    instructions(t.manifest),
    llmsTxt(t.manifest, t.scope.endpoint, t.services.baseUrl),
  );
  console.log((await readManifest(t.services, t.scope)).tools.length);
});
