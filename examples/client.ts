/**
 * Connects to an endpoint with the official MCP client, lists its tools, and calls two of them.
 *
 *     deno run -A examples/client.ts URL TOKEN
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, token] = Deno.args;
if (!url || !token) {
  console.error("usage: deno run -A examples/client.ts URL TOKEN");
  Deno.exit(1);
}

const client = new Client({ name: "bulkhead-example", version: "1.0.0" });
await client.connect(
  new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  }),
);

const { tools } = await client.listTools();
console.log("tools:", tools.map(({ name }) => name).join(", "));

const described = await client.callTool({ name: "describe_tables", arguments: {} });
const { tables } = described.structuredContent as {
  tables: { name: string; columns: { name: string; type: string }[] }[];
};
for (const { name, columns } of tables) {
  console.log(`${name}: ${columns.map((column) => `${column.name} ${column.type}`).join(", ")}`);
  const counted = await client.callTool({ name: "count_rows", arguments: { table: name } });
  console.log("rows:", (counted.structuredContent as { count: number }).count);
}

await client.close();
