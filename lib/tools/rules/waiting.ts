import { requireStanding } from "../../auth/mod.ts";
import { SLUGS } from "../../endpoints/mod.ts";
import { AppError } from "../../errors.ts";
import { changedBy, insertNotice } from "../../journal/mod.ts";
import { sqlState, type Tx } from "../../postgres/mod.ts";
import type { EndpointScope } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { rebuildManifest } from "../manifest/rebuild.ts";
import { asOwner } from "./as_owner.ts";
import { beginRules, selectTables, tryPolicy } from "./rules_store.ts";
import { deleteWaiting, selectWaitingTables, type WaitingTable } from "./waiting_store.ts";

/** The endpoint's tables that no token and no app sees until somebody opens them; for people alone. */
export function listWaitingTables(
  services: Services,
  scope: EndpointScope,
): Promise<WaitingTable[]> {
  if (scope.principal.kind !== "dashboard") return Promise.resolve([]);
  return asOwner(services, scope, selectWaitingTables);
}

// A column that is not there, or is of another type than a row filter compares it with.
const UNFIT = /^(42703|42883|42804|22...)$/;

/** Opens a table as its rules say, which may have been kept from another of its name; false: none waits. */
async function openAsRuled(tx: Tx, table: string): Promise<boolean> {
  try {
    if (!await deleteWaiting(tx, table)) return false;
    const [ruled] = await selectTables(tx, table);
    const hidden = ruled?.rules.hidden.length === ruled?.columns.length;
    if (ruled?.rules.rowFilter && !hidden) await tryPolicy(tx, table);
    return true;
  } catch (error) {
    if (!UNFIT.test(sqlState(error) ?? "")) throw error;
    throw new AppError(
      "CONFLICT",
      "The row filter that was set for a table of this name does not fit its columns. Set its rules first.",
      { cause: error },
    );
  }
}

/**
 * Opens a table that waits to whoever reaches all tables of the endpoint, as far as its field rules say:
 * in its grants, in the activity log and in the tools.
 *
 * @throws AppError ACCESS_DENIED to who is neither owner nor admin; NOT_FOUND where none such waits;
 * UNAVAILABLE where the table is busy.
 */
export async function openTable(
  services: Services,
  scope: EndpointScope,
  table: string,
): Promise<void> {
  const refusal = "Owners and admins open tables.";
  await requireStanding(services, scope, "rules:write", refusal);
  await services.relays.want(scope.endpoint);
  await asOwner(services, scope, (sql) =>
    sql.begin(async (begun) => {
      const tx = begun as unknown as Tx;
      await beginRules(tx);
      if (!await openAsRuled(tx, table)) {
        throw new AppError("NOT_FOUND", "No such table waits to be opened.");
      }
      await insertNotice(
        tx,
        { action: "table.opened", subject: table, detail: { table } },
        changedBy(scope, "open_table"),
      );
    }));
  services.relays.wake(scope.endpoint.id);
  await rebuildManifest(services, scope, "table opened");
  await services.replicas.forget(SLUGS.name, [scope.endpoint.slug]);
}
