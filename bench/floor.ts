/**
 * The floor: the least that answering an MCP tool call over Postgres costs in this language. One query
 * with postgres.js, rows through JavaScript, no authentication, no limits, no audit. Not a product.
 *
 * `deno run -A bench/floor.ts DATABASE_URL` prints `ready <port>`.
 */
import postgres from "postgres";

interface Tool {
  readonly sql: string;
  readonly values: (args: Record<string, string | number>) => (string | number)[];
}

/** The queries; the product is asked for the same rows. */
const TOOLS: Readonly<Record<string, Tool>> = {
  point: { sql: "SELECT * FROM orders WHERE id = $1", values: (args) => [args["id"]!] },
  filter: {
    sql: "SELECT * FROM orders WHERE status = $1 AND total >= $2 ORDER BY ordered_at DESC LIMIT 50",
    values: (args) => [args["status"]!, args["min_total"]!],
  },
  count: {
    sql: "SELECT count(*) FROM orders WHERE status = $1 AND ordered_at >= $2::text::timestamptz",
    values: (args) => [args["status"]!, args["since"]!],
  },
};

function main(url: string): void {
  const sql = postgres(url, { max: 10 });
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`ready ${port}`) },
    async (request) => {
      const { id, params } = JSON.parse(await request.text());
      const tool = TOOLS[params.name]!;
      const rows = await sql.unsafe(tool.sql, tool.values(params.arguments), { prepare: true });
      const text = JSON.stringify({ rows });
      const result = { content: [{ type: "text", text }], structuredContent: { rows } };
      return new Response(JSON.stringify({ jsonrpc: "2.0", id, result }), {
        headers: { "content-type": "application/json" },
      });
    },
  );
}

if (import.meta.main) main(Deno.args[0]!);
