import { z } from "zod";
import { AppError } from "../errors.ts";
import { type ChangeId, isId } from "../ids.ts";
import {
  actorKey,
  changedColumns,
  type ChangeView,
  type Image,
  readJournalled,
} from "../journal/mod.ts";
import type { ToolAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { cell, fence, textCell } from "./compact.ts";
import { quoted } from "./names.ts";
import { readOwnReview, type ReviewRow, type ReviewView } from "./review/mod.ts";
import { endpointTool } from "./tool.ts";

/** Rows of a change that are told; the rest is counted. */
const TOLD_ROWS = 50;

const OPS = { insert: "inserted", update: "updated", delete: "deleted" } as const;

type Row = Pick<ReviewRow, "op" | "key" | "before" | "after">;

/** A change as its author follows it. */
interface Followed {
  readonly change: ChangeId;
  readonly state: ReviewView["state"];
  readonly tool: string | null;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly rows: readonly Row[];
  readonly rowsCut: boolean;
  readonly notShown: number;
  readonly conflict: string | null;
  readonly note: string | null;
}

function countsOf({ tables }: ChangeView) {
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  for (const { op, rows } of tables) counts[OPS[op]] += rows;
  return counts;
}

const ofReview = (view: ReviewView): Followed => ({
  ...view.counts,
  change: view.id,
  state: view.state,
  tool: view.tool,
  rows: view.rows,
  rowsCut: view.beyond > 0,
  notShown: view.notShown,
  conflict: view.conflict,
  note: view.note,
});

const ofJournal = (view: ChangeView): Followed => ({
  ...countsOf(view),
  change: view.changeId,
  state: "applied",
  tool: view.by.tool,
  rows: view.entries,
  rowsCut: view.next !== null,
  notShown: view.notShown,
  conflict: null,
  note: null,
});

/** Whose a change in the journal is, as `actorKey` names them. */
const authorOf = ({ by }: ChangeView) => by.grant ?? by.token ?? by.user ?? by.kind;

/** Finds a change of the caller's own: in the queue while it waits, in the journal once it is done. */
async function follow({ services, scope }: Call, change: ChangeId): Promise<Followed | null> {
  const review = await readOwnReview(services, scope, change);
  if (review && review.state !== "applied") return ofReview(review);
  const done = await readJournalled(services, scope, change, TOLD_ROWS);
  if (done && authorOf(done) === actorKey(scope.principal)) return ofJournal(done);
  // Applied, and it left every row as it was.
  return review && ofReview(review);
}

const shownRow = ({ op, key, before, after }: Row) => ({
  op,
  key,
  ...(after ? { row: after } : {}),
  ...(op === "update" && before && after ? { changed: changedColumns(before, after) } : {}),
  ...(before ? { before } : {}),
});

const pairs = (image: Image, names = Object.keys(image)) =>
  names.map((name) => `${textCell(name)}=${cell(image[name], "other")}`).join("|");

function rowLine({ op, key, before, after }: Row): string {
  const line = `${op} ${pairs(key)}`;
  if (!before || !after) return `${line}: ${pairs((after ?? before)!)}`;
  const diffs = changedColumns(before, after).map((name) =>
    `${textCell(name)}: ${cell(before[name], "other") || "null"} → ${
      cell(after[name], "other") || "null"
    }`
  );
  return `${line}: ${diffs.join("; ") || "unchanged"}`;
}

const STATES: Readonly<Record<ReviewView["state"], string>> = {
  queued: "It waits for a person to approve it; nothing was changed yet",
  applied: "It is done",
  rejected: "A person rejected it; nothing was changed",
};

function textOf(followed: Followed): string {
  const { state, conflict, rows, rowsCut, notShown } = followed;
  const counts = Object.values(OPS).flatMap((name) =>
    followed[name] ? [`${followed[name]} ${name}`] : []
  );
  const head = [
    `${STATES[state]}: ${counts.join(", ") || "no row"}.`,
    ...(conflict
      ? [`As things are it cannot be approved: ${conflict} Read the rows again and ask anew.`]
      : []),
    ...(notShown ? [`${notShown} rows are not shown.`] : []),
  ].join(" ");
  const lines = rows.map(rowLine);
  if (followed.note) lines.unshift(`reason: ${textCell(followed.note)}`);
  if (rowsCut) lines.push("and more");
  return lines.length ? `${head}\n${fence(lines.join("\n"))}` : head;
}

function answer(call: Call, followed: Followed): ToolAnswer {
  const { rowsCut, notShown, conflict, note, rows, tool, ...told } = followed;
  const structured = JSON.stringify({
    ...told,
    tool,
    rows: rows.map(shownRow),
    ...(rowsCut ? { rows_cut: true } : {}),
    ...(notShown ? { not_shown: notShown } : {}),
    ...(conflict ? { conflict } : {}),
    ...(note ? { note } : {}),
  });
  const json = call.scope.endpoint.settings.textFormat === "json";
  return { structured, text: json ? structured : textOf(followed), isError: false };
}

const count = { type: "integer" };

/** Follows a change. */
export const getChange = endpointTool({
  name: "get_change",
  title: "Follow a change",
  description:
    "What became of a change that you made or asked for: it waits for a person (queued), " +
    "is done (applied), or was rejected.",
  ability: "rows:insert",
  anyOf: ["rows:update", "rows:delete"],
  follows: true,
  args: z.strictObject({ change: z.string().max(100).describe("As the write answered it") }),
  output: {
    type: "object",
    properties: {
      change: { type: "string" },
      state: { enum: ["queued", "applied", "rejected"] },
      tool: { type: ["string", "null"] },
      inserted: count,
      updated: count,
      deleted: count,
      rows: { type: "array", items: { type: "object" } },
      rows_cut: { type: "boolean", description: "More rows than are shown" },
      not_shown: { type: "integer", description: "Rows that the field rules hide" },
      conflict: { type: "string", description: "Why it cannot be approved as things are" },
      note: { type: "string", description: "Why it was rejected" },
    },
    required: ["change", "state", "inserted", "updated", "deleted", "rows"],
  },
  async run(call, { change }) {
    const followed = isId(change) ? await follow(call, change as ChangeId) : null;
    if (followed) return answer(call, followed);
    throw new AppError("INVALID_ARGUMENTS", `you made and asked for no change ${quoted(change)}`);
  },
});
