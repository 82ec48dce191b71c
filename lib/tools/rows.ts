import type { ToolAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { compactRows, fence, isPlain } from "./compact.ts";
import { cursorBinding, cursorKey, type KeyValues, openCursor, sealCursor } from "./cursor.ts";
import { isCut, isNested, parseRows, type Row } from "./row_json.ts";
import type { Field } from "./sql/field.ts";
import type { OrderTerm } from "./sql/order.ts";
import { KEY_LENGTH, type PageStatement, pageStatement, SEPARATOR } from "./sql/page.ts";
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

/** What a page's statement answered. */
interface Page {
  readonly statement: PageStatement;
  /** The JSON texts of the rows. */
  readonly texts: readonly string[];
  /** The JSON texts of the rows' keys, where they come separately. */
  readonly keys: string | null;
  readonly total: string | null;
}

async function readPage(
  call: Call,
  request: PageRequest,
  after: KeyValues | null,
  cutting: boolean,
): Promise<Page> {
  // Each statement binds the keys anew, so it needs parameters of its own.
  const params = request.params.copy();
  const limit = request.limit ?? DEFAULT_LIMIT;
  const statement = pageStatement({ ...request, params, limit, after }, cutting);
  const [[rows, keys, total]] = await call.query(statement) as [
    [string | null, string | null, string | null],
  ];
  return { statement, texts: rows === null ? [] : rows.split(SEPARATOR), keys, total };
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

/** The key values of a page's row; null where one is too long to be carried about. */
function keyValues(page: Page, rows: readonly Row[], index: number): KeyValues | null {
  const { keyLabels } = page.statement;
  const values = keyLabels
    ? keyLabels.map((label) => {
      const value = rows[index]![label];
      return value === null || value === undefined ? null : String(value);
    })
    : JSON.parse(page.keys!.split(SEPARATOR)[index]!) as KeyValues;
  return values.every((value) => value === null || value.length <= KEY_LENGTH) ? values : null;
}

/** Runs a page's statement and answers its rows, as JSON that Postgres made and as compact text. */
export async function answerPage(call: Call, request: PageRequest): Promise<ToolAnswer> {
  const { order, source, fields } = request;
  const ordered = source.key !== null && order.length > 0;
  const binding = () => cursorBinding(call.scope, request.tool, request.query);
  const after = request.cursor === undefined ? null : openCursor(
    await cursorKey(call.services),
    binding(),
    request.cursor,
    ordered ? order.length : -1,
  );
  let page = await readPage(call, request, after, false);
  if (page.texts.includes("")) page = await readPage(call, request, after, true);
  const count = fitting(page.texts, page.statement.limit);
  const more = page.texts.length > count;
  const json = (more ? page.texts.slice(0, count) : page.texts).join(",");
  const rows = parseRows(json, isNested(fields));
  const last = more && ordered ? keyValues(page, rows, count - 1) : null;
  const cursor = last && sealCursor(await cursorKey(call.services), binding(), last);
  const { cell } = page.statement;
  const cut = cell !== null &&
    rows.some((row) => fields.some(({ label }) => isCut(row[label], cell)));

  let structured = `{"rows":[${json}],"truncated":${more}`;
  if (cursor) structured += `,"next_cursor":"${cursor}"`;
  if (cut) structured += `,"values_cut":true`;
  if (page.total !== null) structured += `,"total":${page.total}`;
  structured += "}";
  if (call.scope.endpoint.settings.textFormat === "json") {
    return { structured, text: structured, isError: false };
  }
  const head = headLine(count, page.total, more, cursor, cut);
  const text = count ? `${head}\n${fence(compactRows(fields, rows, isPlain(json)))}` : head;
  return { structured, text, isError: false };
}

function headLine(
  count: number,
  total: string | null,
  more: boolean,
  cursor: string | null,
  cut: boolean,
): string {
  let head = total === null ? `${count} row${count === 1 ? "" : "s"}` : `${count} of ${total} rows`;
  if (more) {
    head += cursor ? `, more with cursor ${cursor}` : ", cut here: filter to reach the rest";
  }
  if (cut) head += ", long values cut";
  return head;
}
