import process from "node:process";
import { toolEndpoint } from "../../tests/tools/fixture.ts";
import { openEndpoint } from "../endpoints/mod.ts";
const schema = Deno.readTextFileSync("/work/shared/bench/schema.sql").split("\n").filter((l) =>
  !l.startsWith("\\") && !l.includes("bench_ro") && !l.includes("VACUUM")
).join("\n");
const t = await toolEndpoint(schema);
const lease = await openEndpoint(t.services, t.scope, "reader");
const sql = lease.sql;
const min = () => 50 + Math.floor(Math.random() * 350);
const id = () => 1 + Math.floor(Math.random() * 200000);
const wrap = (text: string, structured: string) =>
  `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":${
    JSON.stringify(text)
  }}],"structuredContent":${structured}}}`;
const floorAnswer = (rows: unknown) => {
  const t = JSON.stringify({ rows });
  return JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    result: { content: [{ type: "text", text: t }], structuredContent: { rows } },
  }).length;
};
const opt = { prepare: true };
const tool = async (name: string, args: unknown) => {
  const a = await t.call(name, JSON.parse(JSON.stringify(args)));
  if (a.isError) throw new Error(a.text);
  return wrap(a.text, a.structured!).length;
};
const V: Record<string, () => Promise<number>> = {
  point_floor: async () =>
    floorAnswer(await sql.unsafe("SELECT * FROM orders WHERE id = $1", [String(id())], opt)),
  point_tool: () => tool("get_row", { table: "orders", key: id() }),
  filter_floor: async () =>
    floorAnswer(
      await sql.unsafe(
        "SELECT * FROM orders WHERE status = $1 AND total >= $2 ORDER BY ordered_at DESC LIMIT 50",
        ["shipped", String(min())],
        opt,
      ),
    ),
  filter_tool: () =>
    tool("filter_rows", {
      table: "orders",
      filter: {
        and: [{ column: "status", op: "eq", value: "shipped" }, {
          column: "total",
          op: "gte",
          value: min(),
        }],
      },
      order_by: [{ column: "ordered_at", direction: "desc" }],
      limit: 50,
    }),
  count_floor: async () =>
    floorAnswer(
      await sql.unsafe(
        "SELECT count(*) FROM orders WHERE status = $1 AND ordered_at >= $2::text::timestamptz",
        ["cancelled", "2024-04-15T00:00:00Z"],
        opt,
      ),
    ),
  count_tool: () =>
    tool("count_rows", {
      table: "orders",
      filter: {
        and: [{ column: "status", op: "eq", value: "cancelled" }, {
          column: "ordered_at",
          op: "gte",
          value: "2024-04-15T00:00:00Z",
        }],
      },
    }),
};
{
  const a = await t.call("filter_rows", {
    table: "orders",
    filter: {
      and: [{ column: "status", op: "eq", value: "shipped" }, {
        column: "total",
        op: "gte",
        value: 100,
      }],
    },
    order_by: [{ column: "ordered_at", direction: "desc" }],
    limit: 50,
  });
  const s = JSON.parse(a.structured!);
  console.log(
    "text",
    new TextEncoder().encode(a.text).length,
    "pretty rows",
    JSON.stringify(s.rows, null, 2).length,
    "pretty all",
    JSON.stringify(s, null, 2).length,
    "compact json",
    JSON.stringify(s.rows).length,
  );
  console.log(a.text.slice(0, 500));
}
const secs = Number(Deno.env.get("SECS") ?? 3);
for (let round = 0; round < Number(Deno.env.get("ROUNDS") ?? 2); round++) {
  for (const [name, f] of Object.entries(V)) {
    if (Deno.args.length && !Deno.args.includes(name)) continue;
    for (let i = 0; i < 300; i++) await f();
    const t0 = performance.now(), c0 = process.cpuUsage();
    let n = 0;
    await Promise.all(Array.from({ length: 32 }, async () => {
      while (performance.now() - t0 < secs * 1000) {
        await f();
        n++;
      }
    }));
    const ms = performance.now() - t0, c = process.cpuUsage(c0);
    console.log(
      name.padEnd(14),
      (n / ms * 1000).toFixed(0).padStart(7),
      "rps",
      ((c.user + c.system) / n).toFixed(0).padStart(5),
      "us cpu",
    );
  }
}
lease.release();
await t[Symbol.asyncDispose]();
if (!Deno.args.length) Deno.exit(0);
