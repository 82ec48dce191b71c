import type { ToolAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { compactRows, fence } from "./compact.ts";
import { cursorBinding, cursorKey, openCursor, sealCursor } from "./cursor.ts";
import { isCut, isNested, parseRows, type Row } from "./row_json.ts";
import type { Field } from "./sql/field.ts";
import type { OrderTerm } from "./sql/order.ts";
import { KEY_LENGTH, pageStatement, SEPARATOR } from "./sql/page.ts";
import type { Source } from "./sql/source.ts";
import type { Params } from "./sql/statement.ts";

/** Rows of a page where the caller does not say. */
export const DEFAULT_LIMIT = 50;
/** Rows of a page at most. */
export const MAX_LIMIT = 500;
/** Characters of rows that one answer carries, though always one row. */
export const ANSWER_CHARS = 200_000;

/** A page to be answered. */
export interface PageRequest {
  readonly tool: string;
  readonly source: Source;
  readonly params: Params;
  readonly fields: readonly Field[];
  readonly where: readonly string[];
  readonly order: readonly OrderTerm[];
  readonly limit: number | undefined;
  readonly cursor: string | undefined;
  readonly total: boolean;
  /** What the cursor is bound to: the parsed arguments without cursor and limit. */
  readonly query: unknown;
}

/** How many of the rows fit: those up to the limit and the size, and always one. */
function fitting(texts: readonly string[], limit: number): number {
  let size = 0;
  for (let i = 0; i < texts.length && i < limit; i++) {
    size += texts[i]!.length;
    if (size > ANSWER_CHARS && i > 0) return i;
  }
  return Math.min(texts.length, limit);
}

function keyOf(row: Row, labels: readonly string[]): (string | null)[] {
  return labels.map((label) => {
    const value = row[label];
    return value === null || value === undefined ? null : String(value);
  });
}

/** Runs a page's statement and answers its rows, as JSON that Postgres made and as compact text. */
export async function answerPage(call: Call, request: PageRequest): Promise<ToolAnswer> {
  const { order, source } = request;
  const ordered = source.key !== null && order.length > 0;
  const binding = () => cursorBinding(call.scope, request.tool, request.query);
  const key = request.cursor === undefined ? null : await cursorKey(call.services);
  const after = key && openCursor(key, binding(), request.cursor!, ordered ? order.length : -1);
  const statement = pageStatement({
    ...request,
    limit: request.limit ?? DEFAULT_LIMIT,
    after,
  });
  const [rowsText, keysText, total] = (await call.query(statement))[0]!;
  const texts = rowsText ? rowsText.split(SEPARATOR) : [];
  const count = fitting(texts, statement.limit);
  const more = texts.length > count;
  const json = (more ? texts.slice(0, count) : texts).join(",");
  const rows = parseRows(json, isNested(request.fields));

  let cursor: string | undefined;
  if (more && ordered) {
    const values = statement.keyLabels
      ? keyOf(rows[count - 1]!, statement.keyLabels)
      : JSON.parse(keysText!.split(SEPARATOR)[count - 1]!) as (string | null)[];
    if (values.every((value) => value === null || value.length <= KEY_LENGTH)) {
      cursor = sealCursor(key ?? await cursorKey(call.services), binding(), values);
    }
  }

  const names = request.fields.map((field) => field.label);
  const values = rows.map((row) => names.map((name) => row[name]));
  const cut = values.some((row) => row.some((value) => isCut(value, statement.cell)));
  const structured = `{"rows":[${json}],"truncated":${more}` +
    (cursor ? `,"next_cursor":"${cursor}"` : "") +
    (cut ? `,"values_cut":true` : "") +
    (total ? `,"total":${total}` : "") + "}";
  return {
    structured,
    isError: false,
    text: call.scope.endpoint.settings.textFormat === "json"
      ? structured
      : pageText({ names, values, more, cursor, cut, total: total ?? null }),
  };
}

interface PageFacts {
  readonly names: readonly string[];
  readonly values: readonly unknown[][];
  readonly more: boolean;
  readonly cursor: string | undefined;
  readonly cut: boolean;
  readonly total: string | null;
}

function pageText(page: PageFacts): string {
  const { length } = page.values;
  const of = page.total === null ? "" : ` of ${page.total}`;
  let head = `${length}${of} row${length === 1 && !of ? "" : "s"}`;
  if (page.more) {
    head += page.cursor
      ? `; more follow with cursor ${page.cursor}`
      : "; cut here: there are more, filter to reach them";
  }
  if (page.cut) head += "; long values are cut, ask for them with get_row";
  return length ? `${head}.\n${fence(compactRows(page.names, page.values))}` : `${head}.`;
}
