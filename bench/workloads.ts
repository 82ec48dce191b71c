import type { Workload } from "./throughput.ts";

type Rows = readonly Record<string, unknown>[];

/** Dates differ in their notation, so that ids and amounts are compared. */
const identify = (row: Record<string, unknown> | undefined) =>
  `${row?.["id"]} of ${row?.["customer_id"]}: ${row?.["total"]}`;

const identifyAll = (structured: Record<string, unknown>) =>
  (structured["rows"] as Rows).map(identify).join("; ");

/** The questions, over the table of 200,000 orders. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: "point",
    ours: { tool: "get_row", arguments: { table: "orders", key: "{{id}}" } },
    floor: { id: "{{id}}" },
    aim: 0.7,
    same: (structured) =>
      identify((structured["row"] ?? (structured["rows"] as Rows)[0]) as Record<string, unknown>),
  },
  {
    name: "filter",
    ours: {
      tool: "filter_rows",
      arguments: {
        table: "orders",
        filter: {
          and: [
            { column: "status", op: "eq", value: "shipped" },
            { column: "total", op: "gte", value: "{{min}}" },
          ],
        },
        order_by: [{ column: "ordered_at", direction: "desc" }],
        limit: 50,
      },
    },
    floor: { status: "shipped", min_total: "{{min}}" },
    aim: 1.3,
    same: identifyAll,
  },
  {
    name: "count",
    ours: {
      tool: "count_rows",
      arguments: {
        table: "orders",
        filter: {
          and: [
            { column: "status", op: "eq", value: "cancelled" },
            { column: "ordered_at", op: "gte", value: "2024-04-{{day}}T00:00:00Z" },
          ],
        },
      },
    },
    floor: { status: "cancelled", since: "2024-04-{{day}}T00:00:00Z" },
    aim: null,
    same: (structured) => String(structured["count"] ?? (structured["rows"] as Rows)[0]!["count"]),
  },
];
