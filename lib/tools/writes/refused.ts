import { AppError } from "../../errors.ts";
import { reachIn } from "../../principal.ts";
import type { Call } from "../call.ts";
import type { RowOperation, Table } from "../manifest/compile.ts";
import { quoted } from "../names.ts";

const OPERATIONS: Readonly<Record<RowOperation, (table: string) => string>> = {
  insert: (table) => `no rows can be added to ${table}`,
  update: (table) => `no rows of ${table} can be updated`,
  delete: (table) => `no rows of ${table} can be deleted`,
};

/** The fault of a write that the table's own rules, or its lack of a key, rule out. */
export function refusedOperation(table: Table, operation: RowOperation): AppError {
  const what = OPERATIONS[operation](quoted(table.name));
  const why = table.primaryKey === null
    ? "it has no primary key"
    : "the owner's rules for this table do not allow it";
  return new AppError("INVALID_ARGUMENTS", `${what}: ${why}`, {
    missing: { kind: "rule", table: table.name, name: operation },
  });
}

/**
 * Throws where this caller can change no row of the table whatever it sends, and says what is missing.
 *
 * @throws AppError WRITES_OFF; INVALID_ARGUMENTS where its credential only reads the table.
 */
export function requireWritable({ scope: { endpoint, principal } }: Call, table: Table): void {
  const { name } = table;
  if (endpoint.settings.writes === "off") {
    throw new AppError(
      "WRITES_OFF",
      `writing is off for this endpoint, so no row of ${quoted(name)} can be changed; ` +
        "its owner can turn it on",
      { missing: { kind: "writes", table: name } },
    );
  }
  if ((reachIn(principal, endpoint.id)?.tables.get(name) ?? "write") !== "write") {
    const who = principal.grantId ? "connection" : "token";
    throw new AppError(
      "INVALID_ARGUMENTS",
      `this ${who} only reads ${quoted(name)}; ask the owner for one that may change it`,
      { missing: { kind: "reach", table: name } },
    );
  }
}
