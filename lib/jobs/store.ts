import { getConstructionPlans, getMigrationPlans } from "pg-boss";
import type { Sql } from "../postgres/mod.ts";

/** Where the queue's tables lie. */
export const SCHEMA = "jobs";

// The schema on which the pinned release of the library works; it refuses to start on another.
const VERSION = 43;

/**
 * Makes or upgrades the queue's schema in the control database and lets the application use it. Run by
 * the administrator at every start, one start at a time; the application itself may make no table.
 */
export async function prepareJobs(admin: Sql): Promise<void> {
  const connection = await admin.reserve();
  try {
    const [known] = await connection<{ there: boolean }[]>`
      SELECT to_regclass(${`${SCHEMA}.version`}) IS NOT NULL AS there`;
    if (known!.there) {
      const [row] = await connection<{ version: number }[]>`
        SELECT version FROM ${connection(SCHEMA)}.version`;
      if (row!.version < VERSION) {
        await connection.unsafe(getMigrationPlans(SCHEMA, row!.version));
      }
    } else {
      await connection.unsafe(getConstructionPlans(SCHEMA));
    }
    await connection.unsafe(
      `GRANT USAGE ON SCHEMA ${SCHEMA} TO bulkhead_app;
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO bulkhead_app;
       REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} FROM PUBLIC;
       GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} TO bulkhead_app`,
    );
  } finally {
    connection.release();
  }
}
