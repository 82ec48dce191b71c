import assert from "node:assert/strict";
import { CallToolResultSchema, ListToolsResultSchema } from "@modelcontextprotocol/core";
import { z } from "zod";
import { type ToolEndpoint, toolEndpoint } from "../../tests/tools/fixture.ts";
import { toolList } from "./mod.ts";

const DATA = Deno.env.get("BULKHEAD_TEST_DATA");

async function chinook(): Promise<ToolEndpoint> {
  const dump = await Deno.readTextFile(`${DATA}/chinook/chinook_postgresql.sql`);
  // Without the statements that make and enter a database of its own.
  return await toolEndpoint(dump.slice(dump.indexOf("CREATE TABLE")));
}

interface Listed {
  name: string;
  title: string;
  description: string;
  inputSchema: z.core.JSONSchema.JSONSchema;
  outputSchema: z.core.JSONSchema.JSONSchema;
  annotations: Record<string, unknown>;
}

Deno.test({
  name: "tools on Chinook: small list, true totals, joins along keys, answers of the declared form",
  ignore: !DATA,
  async fn(test) {
    await using endpoint = await chinook();
    const text = toolList(endpoint.manifest, endpoint.scope.principal);
    const tools = JSON.parse(text) as Listed[];

    await test.step("toolList() stays under 16 kB and is what the protocol's schemas ask for", () => {
      assert.ok(new TextEncoder().encode(text).length < 16_000, `${text.length}`);
      assert.equal(endpoint.manifest.tables.size, 11);
      ListToolsResultSchema.parse({ tools });
      assert.equal(tools.length, 9);
      for (const tool of tools) {
        assert.ok(tool.title && tool.description.length > 40);
        assert.equal(tool.annotations["readOnlyHint"], true);
        // References stay inside the schema: nobody has to fetch one.
        for (const [, ref] of JSON.stringify(tool.inputSchema).matchAll(/"\$ref":"([^"]*)"/g)) {
          const name = ref!.replace("#/$defs/", "");
          assert.ok(Object.hasOwn(tool.inputSchema.$defs!, name), ref);
        }
      }
    });

    const lines = {
      table: "invoice_line",
      joins: [{ table: "track" }, { table: "genre" }],
      group_by: ["genre.name"],
      aggregates: [{ fn: "sum", column: "unit_price", times: "quantity", as: "invoiced" }],
    };
    const calls: [tool: string, args: Record<string, unknown>][] = [
      ["describe_tables", {}],
      ["describe_tables", { tables: ["track"] }],
      ["list_rows", { table: "artist", limit: 5 }],
      ["list_rows", { table: "artist", limit: 500 }],
      ["get_row", { table: "customer", key: 7 }],
      ["get_row", { table: "playlist_track", key: { playlist_id: 1, track_id: 2 } }],
      ["filter_rows", {
        table: "invoice",
        filter: {
          and: [{ column: "total", op: "gt", value: 5 }, {
            not: { column: "billing_country", op: "in", value: ["USA"] },
          }],
        },
        order_by: [{ column: "total", direction: "desc" }],
        include_total: true,
      }],
      ["search_rows", { table: "track", query: "love" }],
      ["count_rows", { table: "track" }],
      ["aggregate_rows", lines],
      ["join_rows", { table: "album", joins: [{ table: "artist" }], limit: 3 }],
    ];

    await test.step("every answer has the form that its tool declares", async () => {
      for (const [name, args] of calls) {
        const tool = tools.find((one) => one.name === name)!;
        z.fromJSONSchema(tool.inputSchema).parse(args);
        const structured = await endpoint.ask(name, args);
        z.fromJSONSchema(tool.outputSchema).parse(structured);
        const { text } = await endpoint.call(name, args);
        CallToolResultSchema.parse({
          content: [{ type: "text", text }],
          structuredContent: structured,
        });
      }
    });

    await test.step("aggregate_rows answers total invoiced per genre as SQL does", async () => {
      const { rows, truncated } = await endpoint.ask("aggregate_rows", lines);
      const expected = await endpoint.owner((sql) =>
        sql`
          SELECT g.name AS "genre.name", sum(l.unit_price * l.quantity) AS invoiced
          FROM invoice_line l JOIN track t USING (track_id) JOIN genre g USING (genre_id)
          GROUP BY 1 ORDER BY 1`
      );
      assert.equal(truncated, false);
      assert.equal(rows.length, 24);
      assert.deepEqual(rows, [...expected]);
    });

    await test.step("aggregate_rows groups by months, filters groups and pages through them", async () => {
      const args = {
        table: "invoice",
        group_by: [{ column: "invoice_date", bucket: "month" }, "billing_country"],
        aggregates: [{ fn: "count" }, { fn: "avg", column: "total" }, {
          fn: "count_distinct",
          column: "customer_id",
        }],
        having: { column: "count", op: "gte", value: 2 },
        order_by: [{ column: "count", direction: "desc" }],
        limit: 10,
      };
      const expected = await endpoint.owner((sql) =>
        sql`
          SELECT to_char(date_trunc('month', invoice_date), 'YYYY-MM-DD"T"HH24:MI:SS')
              AS invoice_date_month,
            billing_country, count(*)::int AS count, avg(total) AS avg_total,
            count(DISTINCT customer_id)::int AS count_distinct_customer_id
          FROM invoice GROUP BY date_trunc('month', invoice_date), billing_country
          HAVING count(*) >= 2
          ORDER BY count(*) DESC, date_trunc('month', invoice_date) DESC, billing_country DESC`
      );
      const walked: unknown[] = [];
      for (let cursor: string | undefined, first = true; first || cursor; first = false) {
        const page = await endpoint.ask("aggregate_rows", {
          ...args,
          ...(cursor ? { cursor } : {}),
        });
        walked.push(...page.rows);
        cursor = page.next_cursor;
      }
      assert.deepEqual(walked, [...expected]);
    });

    await test.step("join_rows goes several hops, out and back, and pages without loss", async () => {
      const args = {
        table: "artist",
        joins: [{ table: "album" }, { table: "track" }, { table: "genre" }],
        columns: ["name", "album.title", "track.name", "genre.name"],
        filter: { column: "genre.name", op: "eq", value: "Jazz" },
        order_by: [{ column: "album.title" }],
        limit: 50,
      };
      const expected = await endpoint.owner((sql) =>
        sql`
          SELECT a.name, b.title AS "album.title", t.name AS "track.name", g.name AS "genre.name"
          FROM artist a JOIN album b USING (artist_id) JOIN track t USING (album_id)
          JOIN genre g USING (genre_id) WHERE g.name = 'Jazz'
          ORDER BY b.title, a.artist_id, b.album_id, t.track_id`
      );
      const walked: unknown[] = [];
      for (let cursor: string | undefined, first = true; first || cursor; first = false) {
        const page = await endpoint.ask("join_rows", { ...args, ...(cursor ? { cursor } : {}) });
        walked.push(...page.rows);
        cursor = page.next_cursor;
      }
      assert.equal(walked.length, 130);
      assert.deepEqual(walked, [...expected]);
    });

    await test.step("join_rows joins a table to itself, either way, and keeps the unmatched", async () => {
      const read = (join: Record<string, unknown>) =>
        endpoint.ask("join_rows", {
          table: "employee",
          joins: [{ table: "employee", as: "other", ...join }],
          columns: ["employee_id", "other.employee_id"],
        });
      const pairs = (rows: Record<string, number | null>[]) =>
        rows.map((row) => [row["employee_id"], row["other.employee_id"]]);
      const bosses = await read({ on: "reports_to", optional: true });
      assert.deepEqual(pairs(bosses.rows), [
        [1, null],
        ...[[2, 1], [3, 2], [4, 2], [5, 2], [6, 1], [7, 6], [8, 6]],
      ]);
      const reports = await read({ on: "employee_id" });
      assert.deepEqual(pairs(reports.rows), [[1, 2], [1, 6], [2, 3], [2, 4], [2, 5], [6, 7], [
        6,
        8,
      ]]);
    });

    await test.step("faults tell what to do next", async () => {
      const faults: [tool: string, args: Record<string, unknown>, said: RegExp][] = [
        ["list_rows", { table: "custmer" }, /no table `custmer`; nearest: `customer`/],
        [
          "list_rows",
          { table: "customer", columns: ["contry"] },
          /no column `contry` in `customer`; nearest: `country`/,
        ],
        [
          "join_rows",
          { table: "invoice_line", joins: [{ table: "genre" }] },
          /the way there is `invoice_line` → `track` → `genre`/,
        ],
        [
          "join_rows",
          { table: "invoice", joins: [{ table: "customer" }, { table: "customer" }] },
          /name with "as"/,
        ],
        [
          "aggregate_rows",
          { table: "track", aggregates: [{ fn: "sum", column: "name" }] },
          /`name` is character varying\(200\): sum needs a number/,
        ],
        [
          "aggregate_rows",
          { table: "track", aggregates: [{ fn: "median", column: "name" }] },
          /use one of `count`/,
        ],
        [
          "get_row",
          { table: "playlist_track", key: 1 },
          /send an object with `playlist_id`, `track_id`/,
        ],
        ["get_row", { table: "track", key: 99999 }, /no row of `track` has that key/],
      ];
      for (const [tool, args, said] of faults) assert.match(await endpoint.fault(tool, args), said);
    });
  },
});
