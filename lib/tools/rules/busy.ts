import { AppError } from "../../errors.ts";
import { sqlState } from "../../postgres/mod.ts";

// lock_not_available, deadlock_detected, query_canceled (by our own timeout).
const BUSY = new Set(["55P03", "40P01", "57014"]);

/** What to say where grants could not be changed because a table is in use; null for any other fault. */
export function busyTable(error: unknown): AppError | null {
  if (!BUSY.has(sqlState(error) ?? "")) return null;
  return new AppError(
    "UNAVAILABLE",
    "A table is in use by a load or a long query. Nothing was changed; try again in a moment.",
    { cause: error, retryAfter: 5 },
  );
}
