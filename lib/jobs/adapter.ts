import type { Db } from "pg-boss";
import type { Sql, Tx } from "../postgres/mod.ts";

const STARTS_TRANSACTION = /^\s*BEGIN\b/i;

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `{${value.map(toElement).join(",")}}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function toElement(value: unknown): string {
  const text = toText(value);
  return text === null ? "NULL" : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/**
 * Lets pg-boss run its statements over our driver: over a pool, or inside a transaction of ours, so
 * that a job is queued together with what it is about.
 */
export function bossDatabase(sql: Sql | Tx): Db {
  const run = async (on: Sql | Tx, text: string, values: readonly unknown[] | undefined) => {
    const rows = values?.length ? await on.unsafe(text, values.map(toText)) : await on.unsafe(text);
    // A script of several statements answers a list of results.
    return { rows: [...rows].flat() };
  };
  return {
    async executeSql(text, values) {
      // A script with its own BEGIN must not be spread over a pool's connections.
      if (!STARTS_TRANSACTION.test(text) || !("reserve" in sql)) {
        return await run(sql, text, values);
      }
      const reserved = await sql.reserve();
      try {
        return await run(reserved as unknown as Sql, text, values);
      } finally {
        reserved.release();
      }
    },
  };
}
