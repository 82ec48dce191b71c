import type { Sql, Tx } from "../../postgres/mod.ts";
import type { TextRow } from "../../postgres/mod.ts";
import type { Outcome } from "./outcome.ts";
import type { WriteStatement } from "./write.ts";

/** Sends a write's statement and reads what it did. */
export async function send(
  sql: Sql | Tx,
  statement: WriteStatement,
  prepare: boolean,
): Promise<Outcome> {
  // simple: false, since without values the driver would send text that may hold several statements.
  const options = { prepare, simple: false };
  const rows = await sql.unsafe(statement.text, [...statement.values], options).values();
  return statement.read(rows as unknown as readonly TextRow[]);
}
