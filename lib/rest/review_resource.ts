import { z } from "zod";
import type { ReviewView } from "../tools/mod.ts";

const id = z.uuid().nullable();

const image = z.record(z.string(), z.unknown());

/** A change that waits for a person, or that was decided on, as `/v1` shows it. */
export const reviewResource = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  state: z.enum(["queued", "applied", "rejected"]),
  tool: z.string(),
  table: z.string(),
  actor_kind: z.string(),
  user_id: id,
  token_id: id,
  grant_id: id.describe("The connection of an app."),
  actor_name: z.string().nullable(),
  actor_ended: z.boolean().describe(
    "Of a change that waits: its token or connection acts no more.",
  ),
  inserted: z.int(),
  updated: z.int(),
  deleted: z.int(),
  rows: z.array(z.object({
    op: z.enum(["insert", "update", "delete"]),
    key: image,
    before: image.nullable(),
    after: image.nullable(),
    moved: z.enum(["changed", "gone", "taken"]).nullable()
      .describe("How the row has moved on since; null where it has not."),
    whole: z.boolean().describe("False: a value is longer than what is kept of it."),
  })).describe("Of a change that waits: rows that it would touch."),
  row_count: z.int().describe("Of a change that waits: all rows that it would touch."),
  more: z.int().describe("Rows besides `rows` and `not_shown`."),
  not_shown: z.int().describe("Rows in the place of `rows` that the field rules hide."),
  next_rows: z.int().nullable().describe("`after_rows` of the next page of rows."),
  unseen_rows: z.int().nullable()
    .describe(
      "Rows that this token has not read so far: to approve them all the same, name so many.",
    ),
  version: z.string().nullable().describe("Names what is shown: send it to approve just that."),
  conflict: z.string().nullable().describe("Why it would not be applied as it stands."),
  file: z.object({
    name: z.string(),
    sha256: z.string(),
    mode: z.enum(["append", "replace"]),
    rejects: z.int().describe("Rows that will not go in."),
    tables: z.array(
      z.object({ name: z.string(), rows: z.int(), removed: z.int(), rejected: z.int() }),
    ),
  }).nullable().describe("Of an import: the file whose rows these are."),
  importing: z.boolean().describe("Of an import: it was approved, and is being done."),
  decided_at: z.iso.datetime().nullable(),
  decided_by: z.string().nullable(),
  note: z.string().nullable().describe("Why it was rejected."),
}).meta({ id: "ReviewedChange" });

/** Shows a change that waits, or that was decided on. */
export function showReview(view: ReviewView): z.input<typeof reviewResource> {
  const { by, counts, file, decidedAt, decidedBy } = view;
  return {
    id: view.id,
    at: view.at.toISOString(),
    state: view.state,
    tool: view.tool,
    table: view.table,
    actor_kind: by.kind,
    user_id: by.user,
    token_id: by.token,
    grant_id: by.grant,
    actor_name: by.label,
    actor_ended: view.ended,
    inserted: counts.inserted,
    updated: counts.updated,
    deleted: counts.deleted,
    rows: view.rows.map(({ key, before, after, op, moved, whole }) => ({
      op,
      moved,
      whole,
      key: { ...key },
      before: before && { ...before },
      after: after && { ...after },
    })),
    row_count: view.count,
    more: view.beyond,
    not_shown: view.notShown,
    next_rows: view.next,
    unseen_rows: view.unseen,
    version: view.version,
    conflict: view.conflict,
    file: file && {
      name: file.fileName,
      sha256: file.sha256,
      mode: file.mode,
      rejects: file.rejects,
      tables: file.tables.map((table) => ({ ...table })),
    },
    importing: view.importing,
    decided_at: decidedAt?.toISOString() ?? null,
    decided_by: decidedBy && (decidedBy.label ?? decidedBy.kind),
    note: view.note,
  };
}
