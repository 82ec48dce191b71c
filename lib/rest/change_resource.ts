import { z } from "zod";
import {
  type ChangeSummary,
  type JournalEntry,
  REFUSALS,
  type UndoneRow,
  type UndoResult,
} from "../journal/mod.ts";

const id = z.uuid().nullable();

const op = z.enum(["insert", "update", "delete"]);

const entryId = z.string().describe("A whole number as text; later entries have larger ones.");

const image = z.record(z.string(), z.unknown()).describe(
  "Columns and values; numbers of more than 15 digits, or with a point, are texts.",
);

/** A change as `/v1` shows it. */
export const changeResource = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  actor_kind: z.string(),
  user_id: id,
  token_id: id,
  grant_id: id.describe("The connection of an app."),
  actor_name: z.string().nullable(),
  tool: z.string().nullable(),
  request_id: z.string().nullable(),
  network: z.string().nullable(),
  rows: z.int(),
  rows_undone: z.int().describe("Of `rows`, those that are taken back."),
  rows_undoing: z.int().describe("Of `rows`, those that took something back themselves."),
  tables: z.array(z.object({ table: z.string(), op, rows: z.int() })),
  file: z.object({
    name: z.string(),
    sha256: z.string().nullable(),
    mode: z.enum(["create", "append", "replace", "undo"]),
  }).nullable().describe("Of an import, and of the undo of one: the file."),
}).meta({ id: "Change" });

/** Shows a change. */
export function showChange(change: ChangeSummary): z.input<typeof changeResource> {
  const { by, tables, file, rows, undone, undoing } = change;
  return {
    id: change.changeId,
    at: change.at.toISOString(),
    actor_kind: by.kind,
    user_id: by.user,
    token_id: by.token,
    grant_id: by.grant,
    actor_name: by.label,
    tool: by.tool,
    request_id: by.request,
    network: by.network,
    rows,
    rows_undone: undone,
    rows_undoing: undoing,
    tables: [...tables],
    file: file && { name: file.fileName, sha256: file.sha256, mode: file.mode },
  };
}

/** A changed row as `/v1` shows it. */
export const entryResource = z.object({
  id: entryId,
  at: z.iso.datetime(),
  op,
  table: z.string(),
  key: image,
  before: image.nullable(),
  after: image.nullable(),
  undoes: entryId.nullable(),
  undone_by: z.object({ entry: entryId, change_id: z.uuid() }).nullable(),
}).meta({ id: "ChangedRow" });

/** Shows a changed row. */
export function showEntry(entry: JournalEntry): z.input<typeof entryResource> {
  const { undoneBy } = entry;
  return {
    id: entry.id,
    at: entry.at.toISOString(),
    op: entry.op,
    table: entry.table,
    key: { ...entry.key },
    before: entry.before && { ...entry.before },
    after: entry.after && { ...entry.after },
    undoes: entry.undoes,
    undone_by: undoneBy && { entry: undoneBy.entry, change_id: undoneBy.changeId },
  };
}

const REASONS = Object.keys(REFUSALS) as [UndoneRow["refusal"] & string];

/** What an undo did, or would do. */
export const undoResource = z.object({
  change_id: z.uuid().nullable().describe("The change that it made; null where it made none."),
  preview: z.boolean(),
  restored: z.int(),
  refused: z.int(),
  already_undone: z.int(),
  not_shown: z.int().describe("Of `restored` and `refused`, rows that the field rules hide."),
  rows: z.array(z.object({
    row: entryResource,
    refusal: z.enum(REASONS).nullable().describe("Null: it is taken back, or would be."),
    reason: z.string().nullable(),
  })).describe("Refused rows first."),
  imports: z.array(z.object({
    table: z.string(),
    file: z.string(),
    removed: z.int().describe("Rows taken away."),
    restored: z.int().describe("Rows put back."),
    refused: z.int().describe("Rows left as they are."),
    refusal: z.enum(REASONS).nullable(),
    reason: z.string().nullable(),
  })).describe("Imports, each undone as a whole; counted in `restored` and `refused`, too."),
  more: z.boolean().describe("There are more rows than `rows` holds."),
  capped: z.boolean().describe("Older rows were left: repeat the call for them."),
}).meta({ id: "Undo" });

/** Shows what an undo did. */
export function showUndo(result: UndoResult, preview: boolean): z.input<typeof undoResource> {
  return {
    change_id: result.change,
    preview,
    restored: result.restored,
    refused: result.refused,
    already_undone: result.already,
    not_shown: result.notShown,
    rows: result.rows.map(({ entry, refusal }) => ({
      row: showEntry(entry),
      refusal,
      reason: refusal && REFUSALS[refusal],
    })),
    imports: result.imports.map(({ table, fileName, removed, restored, refused, refusal }) => ({
      table,
      file: fileName,
      removed,
      restored,
      refused,
      refusal,
      reason: refusal && REFUSALS[refusal],
    })),
    more: result.more,
    capped: result.capped,
  };
}
