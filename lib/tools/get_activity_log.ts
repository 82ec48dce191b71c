import { z } from "zod";
import { type ActivityEntry, AUDIT_ACTIONS, listActivity } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import { type AnyId, isId } from "../ids.ts";
import type { ToolAnswer } from "./answer.ts";
import { cursor } from "./args.ts";
import type { Call } from "./call.ts";
import { fence, textCell } from "./compact.ts";
import { cursorBinding, cursorKey, openCursor, sealCursor } from "./cursor.ts";
import { findTable, hint, quoted } from "./names.ts";
import { ANSWER_CHARS } from "./rows.ts";
import { endpointTool } from "./tool.ts";

const DEFAULT_ENTRIES = 50;
const MAX_ENTRIES = 100;
const MAX_COLUMNS = 50;

/**
 * An entry as an agent is told of it. Who the people are, their addresses and networks are not told; nor
 * is a table or column that the endpoint's manifest does not show.
 */
interface Told {
  readonly seq: string;
  readonly at: string;
  readonly action: string;
  /** The app or token that did it; else from where a person did. */
  readonly by: string;
  /** Whether it was this very caller. */
  readonly you: boolean;
  readonly tool?: string;
  readonly table?: string;
  readonly columns?: readonly string[];
  readonly columns_cut?: true;
  /** The change that it belongs to, and its place in the journal. */
  readonly change?: string;
  readonly entry?: string;
  readonly undoes?: string;
  /** Why a call was denied, and how many times. */
  readonly reason?: string;
  readonly count?: number;
}

function byWhom({ appName, tokenId, tokenName, kind }: ActivityEntry): string {
  if (appName !== null) return appName;
  if (tokenId !== null) return tokenName ?? "an app";
  return kind === "system" ? "Bulkhead" : `a person (${kind})`;
}

const text = (value: unknown) => typeof value === "string" ? value : undefined;

/** What a write's entry tells of its table, as far as the manifest shows it. */
function shownOf({ manifest }: Call, { table, detail }: ActivityEntry): Partial<Told> {
  const known = table === null ? undefined : manifest.tables.get(table);
  if (!known) return {};
  const given = Array.isArray(detail["columns"]) ? detail["columns"] : [];
  const columns = given.filter((name) => typeof name === "string" && known.columns.has(name));
  return {
    table: known.name,
    ...(columns.length ? { columns: columns.slice(0, MAX_COLUMNS) } : {}),
    ...(columns.length > MAX_COLUMNS ? { columns_cut: true } : {}),
  };
}

function told(call: Call, entry: ActivityEntry): Told {
  const { detail, tool, tokenId, grantId } = entry;
  const { principal } = call.scope;
  const you = tokenId !== null && tokenId === principal.tokenId ||
    grantId !== null && grantId === principal.grantId;
  const [change, place, undoes] = [detail["change"], detail["entry"], detail["undoes"]].map(text);
  const reason = text(detail["reason"]);
  return {
    seq: entry.seq,
    at: entry.at.toISOString(),
    action: entry.action,
    by: byWhom(entry),
    you,
    ...(tool === null ? {} : { tool }),
    ...shownOf(call, entry),
    ...(change ? { change } : {}),
    ...(place ? { entry: place } : {}),
    ...(undoes ? { undoes } : {}),
    ...(entry.action === "call.denied" && reason ? { reason, count: Number(detail["count"]) } : {}),
  };
}

function line(entry: Told): string {
  const { at, action, by, you, tool, table, columns, columns_cut: cut } = entry;
  return [
    at,
    action,
    `by ${textCell(by)}${you ? " (you)" : ""}`,
    tool && `with ${textCell(tool)}`,
    table && `table ${textCell(table)}`,
    columns && `columns ${columns.map(textCell).join(", ")}${cut ? ", …" : ""}`,
    entry.change && `change ${textCell(entry.change)}`,
    entry.entry && `entry ${textCell(entry.entry)}`,
    entry.undoes && `undoes ${textCell(entry.undoes)}`,
    entry.reason && `${textCell(entry.reason)}, ${entry.count} times`,
  ].filter(Boolean).join("|");
}

/** As many entries as fit into an answer, and always one. */
function fitting(call: Call, entries: readonly ActivityEntry[]): Told[] {
  const out: Told[] = [];
  let size = 0;
  for (const entry of entries) {
    const one = told(call, entry);
    size += JSON.stringify(one).length;
    if (size > ANSWER_CHARS && out.length) break;
    out.push(one);
  }
  return out;
}

function actionOf(name: string | undefined) {
  const action = AUDIT_ACTIONS.find((one) => one === name);
  if (name !== undefined && !action) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `no action ${quoted(name)}; ${hint(name, AUDIT_ACTIONS, "actions")}`,
    );
  }
  return action;
}

const moment = z.iso.datetime({
  offset: true,
  error: "a time with its offset, such as 2026-01-31T12:00:00Z",
}).optional();

const date = (text: string | undefined) => text === undefined ? undefined : new Date(text);

/** What happened on the endpoint. */
export const getActivityLog = endpointTool({
  name: "get_activity_log",
  title: "Get the activity log",
  description:
    "Read what happened on this endpoint, newest first: rows added, changed and deleted and by which " +
    "app or token, changes queued and undone, loads, settings, calls that were denied. Rows' values " +
    "are not in it.",
  ability: "activity:read",
  args: z.strictObject({
    since: moment,
    until: moment.describe("Not itself included"),
    tool: z.string().min(1).max(200).optional(),
    table: z.string().max(200).optional().meta({ $ref: "#/$defs/table" }),
    action: z.string().max(100).optional().describe(
      "Such as row.inserted, row.updated, row.deleted, change.queued, change.undone, call.denied",
    ),
    limit: z.int().min(1).max(MAX_ENTRIES).optional(),
    cursor,
  }),
  output: {
    type: "object",
    properties: {
      entries: {
        type: "array",
        items: {
          type: "object",
          properties: {
            seq: { type: "string" },
            at: { type: "string" },
            action: { type: "string" },
            by: { type: "string" },
            you: { type: "boolean", description: "This very app or token did it" },
            tool: { type: "string" },
            table: { type: "string" },
            columns: { type: "array", items: { type: "string" } },
            columns_cut: { type: "boolean" },
            change: { type: "string" },
            entry: { type: "string" },
            undoes: { type: "string" },
            reason: { type: "string" },
            count: { type: "integer" },
          },
          required: ["seq", "at", "action", "by", "you"],
        },
      },
      next_cursor: { type: "string" },
    },
    required: ["entries"],
  },
  async run(call, { cursor: from, limit = DEFAULT_ENTRIES, ...query }): Promise<ToolAnswer> {
    const { scope, services, manifest } = call;
    const binding = cursorBinding(scope, "get_activity_log", query);
    const key = await cursorKey(services);
    const after = from === undefined ? null : openCursor(key, binding, from, 1)[0] ?? null;
    const { entries, next } = await listActivity(services, scope, {
      endpointId: scope.endpoint.id,
      action: actionOf(query.action),
      tool: query.tool,
      table: query.table === undefined ? undefined : findTable(manifest, query.table).name,
      since: date(query.since),
      until: date(query.until),
    }, { after: after !== null && isId(after) ? after as AnyId : null, limit });
    const fit = fitting(call, entries);
    const more = next !== null || fit.length < entries.length;
    const nextCursor = more ? sealCursor(key, binding, [entries[fit.length - 1]!.id]) : null;
    const structured = JSON.stringify({
      entries: fit,
      ...(nextCursor ? { next_cursor: nextCursor } : {}),
    });
    if (scope.endpoint.settings.textFormat === "json") {
      return { structured, text: structured, isError: false };
    }
    const head = `${fit.length} ${fit.length === 1 ? "entry" : "entries"}` +
      (nextCursor ? `, more with cursor ${nextCursor}` : "");
    const words = fit.length ? `${head}\n${fence(fit.map(line).join("\n"))}` : head;
    return { structured, text: words, isError: false };
  },
});
