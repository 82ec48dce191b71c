import type { ChangeId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";

/** Rows of a change that somebody was shown whole. */
export interface ShownRows {
  readonly change: ChangeId;
  /** What they belong to, as `ReviewedChange` names it. */
  readonly version: string;
  /** Their places. */
  readonly places: readonly number[];
}

/** Runs of places, as Postgres writes a multirange. */
function multirange(places: readonly number[]): string {
  return `{${places.map((place) => `[${place},${place + 1})`).join(",")}}`;
}

/**
 * Remembers which rows of changes that wait somebody was shown, and answers how many of each they have
 * been shown in all; of another version than theirs nothing counts.
 */
export async function mergeViews(
  tx: Tx,
  viewer: string,
  shown: readonly ShownRows[],
): Promise<Map<ChangeId, number>> {
  const given = shown.map(({ change, version, places }) => ({
    change,
    version,
    places: multirange(places),
  }));
  // In one order, so that two who look at the same changes do not wait for each other in a circle.
  const rows = await tx<{ change: ChangeId; seen: number }[]>`
    INSERT INTO bulkhead.change_views AS v (change_id, viewer, version, places)
    SELECT c.id, ${viewer}, g.version, g.places
    FROM jsonb_to_recordset(${
    tx.json(given)
  }) AS g(change uuid, version text, places int4multirange)
    JOIN bulkhead.changes c ON c.id = g.change AND c.state = 'queued'
      AND bulkhead.shown_version(c.table_name, c.preview) = g.version
    ORDER BY c.id
    ON CONFLICT (change_id, viewer) DO UPDATE SET version = EXCLUDED.version,
      places = CASE WHEN v.version = EXCLUDED.version
        THEN v.places + EXCLUDED.places ELSE EXCLUDED.places END
    RETURNING change_id AS change, (
      SELECT coalesce(sum(upper(r) - lower(r)), 0)::int FROM unnest(places) AS r
    ) AS seen`;
  return new Map(rows.map(({ change, seen }) => [change, seen]));
}

/** How many rows of a change somebody has been shown, of the version that is approved. */
export async function selectSeen(
  tx: Tx,
  change: ChangeId,
  viewer: string,
  version: string,
): Promise<number> {
  const [row] = await tx<{ seen: number }[]>`
    SELECT coalesce(sum(upper(r) - lower(r)), 0)::int AS seen
    FROM bulkhead.change_views v CROSS JOIN LATERAL unnest(v.places) AS r
    WHERE v.change_id = ${change} AND v.viewer = ${viewer} AND v.version = ${version}`;
  return row!.seen;
}
