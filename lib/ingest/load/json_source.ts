import { AppError } from "../../errors.ts";
import {
  ColumnSketch,
  dateToIso,
  JSON_DEPTH_AT_MOST,
  type JsonKind,
  JsonNumber,
  tableNameOf,
  uniqueName,
} from "../infer/mod.ts";
import { checkWidth, type Draft, type DraftColumn, draftColumns } from "./draft.ts";
import {
  isDeeperThan,
  type JsonListener,
  jsonText,
  type JsonValue,
  readJson,
  readNdjson,
} from "./json_reader.ts";
import type { Cell, Source } from "./source.ts";

type JsonRow = { readonly [key: string]: JsonValue };

interface TableSurvey {
  readonly columns: Map<string, ColumnSketch>;
  rows: number;
  rejected: number;
}

/** Tables that one file may become. */
const TABLES_AT_MOST = 200;

/** Arrays that an object may hold, of rows or not: what is known of each is kept in memory. */
const ARRAYS_AT_MOST = 10_000;

/** Members that are named in warnings. */
const NAMED_AT_MOST = 20;

/** What a reading of a JSON file needs. */
export interface JsonFile {
  readonly format: "json" | "ndjson";
  readonly fileName: string;
  /** The table's name, for a file that holds one. */
  readonly table: string | undefined;
  chunks(told?: (bytes: number) => void): AsyncIterable<Uint8Array>;
}

/** Reads a JSON or NDJSON file whole, infers every column's type and answers its tables and rows. */
export async function surveyJson(
  file: JsonFile,
  told: (bytes: number, rows: number) => void,
): Promise<Source> {
  const tables = new Map<string, TableSurvey>();
  const leftOut = new Set<string>();
  let rows = 0;
  const surveyOf = (key: string) => {
    let survey = tables.get(key);
    if (!survey) {
      if (tables.size === ARRAYS_AT_MOST) throw tooManyTables();
      tables.set(key, survey = { columns: new Map(), rows: 0, rejected: 0 });
    }
    return survey;
  };
  await read(file, (bytes) => told(bytes, rows), {
    element(key, value) {
      const survey = surveyOf(key);
      if (elementFault(value)) {
        survey.rejected++;
        return;
      }
      survey.rows++;
      rows++;
      addRow(survey.columns, value as JsonRow);
    },
    fault: () => surveyOf("").rejected++,
    leftOut: (key) => {
      if (leftOut.size < NAMED_AT_MOST) leftOut.add(key);
    },
  });
  for (const [key, survey] of tables) {
    // An array of plain values is no table, and no row of it is a row gone wrong.
    if (survey.rows > 0 || (key === "" && tables.size === 1)) continue;
    tables.delete(key);
    leftOut.add(key);
  }
  const drafts = draftsOf(file, tables, leftOut);
  const warnings = [...leftOut].slice(0, NAMED_AT_MOST).map((key) =>
    `${JSON.stringify(key.slice(0, 100))} is no array of objects and was left out.`
  );
  return sourceOf(file, [...tables.keys()], drafts, warnings);
}

function sourceOf(
  file: JsonFile,
  keys: readonly string[],
  drafts: readonly Draft[],
  warnings: readonly string[],
): Source {
  return {
    drafts,
    warnings,
    quote: null,
    withDrafts: (others) => sourceOf(file, keys, others, warnings),
    read: (listener, told) =>
      read(file, told, {
        element(key, value, at) {
          const table = keys.indexOf(key);
          if (table < 0) return;
          const fault = elementFault(value);
          if (fault) listener.fault(table, at, fault, rawOf(value));
          else listener.row(table, cellsOf(value as JsonRow, drafts[table]!.columns), at);
        },
        fault: (line, reason, raw) => listener.fault(0, line, reason, raw),
        pause: () => listener.pause(),
      }),
  };
}

const tooManyTables = () =>
  new AppError("UNREADABLE_FILE", `The file holds more than ${TABLES_AT_MOST} tables.`);

function read(
  file: JsonFile,
  told: (bytes: number) => void,
  listener: JsonListener,
): Promise<void> {
  const chunks = file.chunks(told);
  return file.format === "json" ? readJson(chunks, listener) : readNdjson(chunks, listener);
}

function draftsOf(
  file: JsonFile,
  tables: ReadonlyMap<string, TableSurvey>,
  leftOut: ReadonlySet<string>,
): Draft[] {
  const surveys = [...tables];
  if (surveys.length === 0 && leftOut.size > 0) {
    throw new AppError("UNREADABLE_FILE", "The JSON object holds no array of objects.");
  }
  if (surveys.every(([, survey]) => survey.rows === 0)) {
    const rejected = surveys.some(([, survey]) => survey.rejected > 0);
    if (!rejected) throw new AppError("EMPTY_FILE");
    throw new AppError(
      "UNREADABLE_FILE",
      "None of the file's elements is a JSON object that a table can hold.",
    );
  }
  if (surveys.length > TABLES_AT_MOST) throw tooManyTables();
  if (file.table !== undefined && surveys.length > 1) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `The file holds ${surveys.length} tables, which are named after their keys.`,
    );
  }
  const taken = new Set<string>();
  return surveys.map(([key, survey]) => {
    const title = key === "" ? file.fileName : key;
    const headers = [...survey.columns.keys()];
    const sketches = [...survey.columns.values()];
    return {
      name: uniqueName(tableNameOf(file.table ?? title), taken),
      columns: draftColumns(headers, sketches, survey.rows),
      rows: survey.rows,
      rejected: survey.rejected,
    };
  });
}

function addRow(columns: Map<string, ColumnSketch>, row: JsonRow): void {
  for (const [key, value] of Object.entries(row)) {
    let sketch = columns.get(key);
    if (!sketch) {
      columns.set(key, sketch = new ColumnSketch());
      checkWidth(columns.size);
    }
    const text = cellText(value);
    if (text !== null) sketch.addJson(text, kindOf(value));
  }
}

function kindOf(value: JsonValue): JsonKind {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  return value instanceof JsonNumber ? "number" : "nested";
}

/** A value's text; the empty string is null, as it is in every format. */
function cellText(value: JsonValue | undefined): Cell {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "string" ? value : jsonText(value);
}

function cellsOf(row: JsonRow, columns: readonly DraftColumn[]): Cell[] {
  return columns.map(({ original, rewriteFrom }) => {
    const text = cellText(Object.hasOwn(row, original) ? row[original] : null);
    return text === null || rewriteFrom === 0 ? text : dateToIso(text, rewriteFrom);
  });
}

function elementFault(value: JsonValue): string | undefined {
  if (
    value === null || typeof value !== "object" || Array.isArray(value) ||
    value instanceof JsonNumber
  ) return "not a JSON object";
  if (isDeeperThan(value, JSON_DEPTH_AT_MOST)) {
    return `nested more than ${JSON_DEPTH_AT_MOST} levels deep`;
  }
  for (const member of Object.values(value)) {
    if (typeof member !== "string") continue;
    // Postgres' text holds neither.
    if (member.includes("\0")) return "a NUL character";
    if (!member.isWellFormed()) return "half of a surrogate pair";
  }
  return undefined;
}

function rawOf(value: JsonValue): string {
  return isDeeperThan(value, JSON_DEPTH_AT_MOST) ? "" : jsonText(value);
}
