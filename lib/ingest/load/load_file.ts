import { AppError } from "../../errors.ts";
import type { ChangeId } from "../../ids.ts";
import { dropKept, type ImportedTable, insertImport, keptSchema } from "../../journal/mod.ts";
import { fromPostgres, sqlState, type Tx } from "../../postgres/mod.ts";
import { detect, type Detected, type DetectedJson, NotUtf8 } from "../detect/mod.ts";
import { tableNameOf } from "../infer/mod.ts";
import { appendRows } from "./append.ts";
import { type AppendPlan, planAppend } from "./append_shape.ts";
import { readHead, utf8Chunks } from "./bytes.ts";
import { type CatalogueTable, readCatalogue } from "./catalogue.ts";
import { createDelimited, createFrom } from "./create.ts";
import { surveyCsv } from "./csv_survey.ts";
import { checkWidth } from "./draft.ts";
import { surveyJson } from "./json_source.ts";
import { settleKeys } from "./keys.ts";
import { indexTable, isIndexedLater } from "./search_index.ts";
import type { Source } from "./source.ts";
import { execute } from "./statements.ts";
import { surveyedSource, surveyHooks, type Told } from "./survey.ts";
import { applyAccess, areToWait, commentColumns, letWait, publicTable } from "./tables.ts";
import type { LoadInput, LoadPhase, LoadPreview, LoadReport, TableReport } from "./types.ts";
import {
  ownersTables,
  restrictedTables,
  type TargetTable,
  writerFault,
  writersTables,
} from "./writer.ts";

/** Text as the catalogue and jsonb can hold it. */
const storable = (text: string) => text.replaceAll("\0", "\u2400").toWellFormed();

/**
 * Loads a file into an endpoint's database: all of it, with keys, in one transaction, or nothing. A
 * process that dies on the way leaves nothing behind, and the same `ingestId` a second time answers
 * the first report. Memory does not grow with the file.
 *
 * Throws AppError: EMPTY_FILE, UNSUPPORTED_FORMAT, UNREADABLE_FILE, SHAPE_MISMATCH and UNKNOWN_TABLE (of
 * a table that is there), CONFLICT (the name is taken; what the writer may not do), WRITES_OFF, CANCELLED.
 */
export function loadFile(given: LoadInput): Promise<LoadReport> {
  return run({ ...given, shown: 0 });
}

/** Ends the transaction of a preview. */
class Previewed extends Error {
  constructor(readonly preview: LoadPreview) {
    super("a preview is not kept");
  }
}

/**
 * What loading a file into tables that are there would do: all of it is tried, and nothing kept. Throws as
 * `loadFile` does.
 *
 * @param shown Rows to answer.
 */
export async function previewFile(given: LoadInput, shown: number): Promise<LoadPreview> {
  try {
    await run({ ...given, shown });
  } catch (error) {
    if (error instanceof Previewed) return error.preview;
    throw error;
  }
  throw new AppError("CONFLICT", "The file was imported already.");
}

/** A load, or with rows to show, the preview of one. */
type RunInput = LoadInput & { readonly shown: number };

async function run(given: RunInput): Promise<LoadReport> {
  const input = { ...given, fileName: storable(given.fileName) };
  try {
    const { head, cut } = await readHead(input);
    const found = detect(head, cut, input.fileName, input.options);
    try {
      return await loadDetected(input, found, []);
    } catch (error) {
      if (!(error instanceof NotUtf8)) throw error;
      if (found.encodingCertain) {
        throw new AppError("UNREADABLE_FILE", "The file is not valid UTF-8.", { cause: error });
      }
      const again = { ...input.options, encoding: "windows-1252" as const };
      return await loadDetected(input, detect(head, cut, input.fileName, again), [
        "The file is not valid UTF-8 throughout, so it was read as Windows-1252.",
      ]);
    }
  } catch (error) {
    if (input.signal.aborted) throw new AppError("CANCELLED", undefined, { cause: error });
    throw faultOf(error);
  }
}

function faultOf(error: unknown): unknown {
  const state = sqlState(error);
  if (state === "54000" || state === "54011") {
    const detail = "A row has more columns or longer fields than Postgres can hold.";
    return new AppError("UNREADABLE_FILE", detail, { cause: error });
  }
  return fromPostgres(error);
}

/** The report of a load that was done before. */
async function doneBefore(tx: Tx, ingestId: string): Promise<LoadReport | undefined> {
  const [row] = await tx<{ report: LoadReport }[]>`
    SELECT report FROM bulkhead.loads WHERE ingest_id = ${ingestId}`;
  return row?.report;
}

function loadDetected(
  input: RunInput,
  found: Detected,
  warnings: readonly string[],
): Promise<LoadReport> {
  return inTransaction(input, async (tx) => {
    const before = await doneBefore(tx, input.ingestId);
    if (before) return before;
    if (found.format === "csv" || found.format === "tsv") checkWidth(found.headers.length);
    const creates = input.options.mode === "create";
    const loaded = creates
      ? await createFile(tx, input, found)
      : await appendFile(tx, input, found);
    const tables = loaded.tables;
    const delimited = "dialect" in found ? found : undefined;
    const report: LoadReport = {
      format: found.format,
      encoding: found.encoding,
      delimiter: delimited?.dialect.delimiter ?? null,
      quote: loaded.source.quote,
      header: delimited?.header ?? null,
      tables,
      rejects: tables.reduce((sum, table) => sum + table.rejected, 0),
      warnings: [...warnings, ...loaded.source.warnings].map(storable),
    };
    input.signal.throwIfAborted();
    if (input.shown > 0) throw new Previewed({ report, rows: loaded.rows });
    await input.onLoaded?.(tx, report);
    await tx`
      INSERT INTO bulkhead.loads (ingest_id, file_name, report)
      VALUES (${input.ingestId}, ${input.fileName}, ${JSON.stringify(report)}::text::jsonb)`;
    return report;
  });
}

function inTransaction<T>(input: LoadInput, run: (tx: Tx) => Promise<T>): Promise<T> {
  return input.owner.begin(async (tx) => {
    // A large file takes as long as it takes; the signal ends it.
    await tx`SET LOCAL statement_timeout = 0`;
    await tx`SET LOCAL idle_in_transaction_session_timeout = 0`;
    await tx`SET LOCAL lock_timeout = 0`;
    await tx`SET LOCAL client_min_messages = error`;
    // What a date or a time says must not hang on a session's settings.
    await tx`SET LOCAL datestyle = 'ISO, MDY'`;
    await tx`SET LOCAL timezone = 'UTC'`;
    // A load is told as a whole; an entry a row would double its size.
    await tx`SET LOCAL bulkhead.loading = 'on'`;
    // One load at a time: two would race for names and keys.
    await execute(tx, "LOCK TABLE bulkhead.loads IN SHARE ROW EXCLUSIVE MODE", input.signal);
    return await run(tx);
  }) as Promise<T>;
}

interface Loaded {
  readonly source: Source;
  readonly tables: readonly TableReport[];
  /** The first rows that go into the first of them, where those were asked for. */
  readonly rows: readonly string[];
}

/** Keeps in the journal what went into one table. */
function note(
  tx: Tx,
  input: LoadInput,
  table: string,
  done: Pick<ImportedTable, "mode" | "added" | "removed" | "kept" | "place">,
): Promise<void> {
  return insertImport(tx, {
    ...done,
    change: input.ingestId as ChangeId,
    ingestId: input.ingestId,
    fileName: input.fileName,
    sha256: input.sha256,
    table,
    wholeTable: done.mode === "create",
    by: input.author.by,
    rowsIn: done.added > 0 ? publicTable(table) : null,
  });
}

const teller = (input: LoadInput, phase: LoadPhase): Told => (bytesDone, rows) =>
  input.onProgress?.({ phase, bytesDone, bytesTotal: input.size ?? 0, rows });

function jsonSource(input: LoadInput, found: DetectedJson): Promise<Source> {
  const probe = found.encoding === "utf-8";
  return surveyJson({
    format: found.format,
    fileName: input.fileName,
    table: input.options.table,
    chunks: (told) => utf8Chunks(input, found, { probe, ...(told ? { told } : {}) }),
  }, teller(input, "read"));
}

async function createFile(tx: Tx, input: LoadInput, found: Detected): Promise<Loaded> {
  const told = { read: teller(input, "read"), write: teller(input, "write") };
  let source: Source;
  if ("dialect" in found) {
    source = await createDelimited(tx, input, found, told);
  } else {
    source = await jsonSource(input, found);
    await createFrom(tx, input, source, told.write);
  }
  teller(input, "keys")(0, 0);
  // What a token loads must not tell it what stands in a table of which it may not see everything.
  const closed = input.author.access === "writer" ? await restrictedTables(tx) : new Set<string>();
  const keys = await settleKeys(tx, source.drafts, closed, input.signal);
  const catalogue = await readCatalogue(tx);
  const waits = await areToWait(tx, input.newTables);
  const tables: TableReport[] = [];
  for (const draft of source.drafts) {
    await commentColumns(tx, draft);
    if (!isIndexedLater(draft)) {
      await indexTable(tx, catalogue.get(draft.name)!, input.signal);
    }
    if (waits) await letWait(tx, draft.name);
    await applyAccess(tx, draft.name);
    await execute(tx, `ANALYZE ${publicTable(draft.name)}`, input.signal);
    tables.push({
      name: draft.name,
      mode: "create",
      rows: draft.rows,
      rejected: draft.rejected,
      columns: draft.columns.map(({ name, original, type, nullable }) => ({
        name,
        original: storable(original),
        type,
        nullable,
      })),
      ...keys.get(draft.name)!,
      ...(waits ? { waits } : {}),
    });
  }
  for (const [place, { name, rows }] of tables.entries()) {
    await note(tx, input, name, { mode: "create", added: rows, removed: 0, kept: null, place });
  }
  return { source, tables, rows: [] };
}

async function appendFile(tx: Tx, input: RunInput, found: Detected): Promise<Loaded> {
  const read = teller(input, "read");
  const surveyed = "dialect" in found
    ? surveyedSource(
      input,
      found,
      await surveyCsv(found, surveyHooks(input, found, read, input.signal)),
    )
    : await jsonSource(input, found);
  const { access } = input.author;
  const catalogue = access === "writer"
    ? await writersTables(tx, await readCatalogue(tx))
    : ownersTables(await readCatalogue(tx));
  const plans = surveyed.drafts.map((draft): AppendPlan => {
    const named = input.options.table;
    const table = (named === undefined ? undefined : catalogue.get(named)) ??
      catalogue.get(named === undefined ? draft.name : tableNameOf(named));
    if (!table) {
      throw new AppError("UNKNOWN_TABLE", `There is no table ${draft.name} to import into.`);
    }
    return planAppend(draft, table, !("dialect" in found));
  });
  const source = surveyed.withDrafts(plans.map((plan) => plan.draft));
  const mode = input.options.mode === "replace" ? "replace" : "append";
  const kept = keptSchema(input.ingestId);
  const appended = await appendOrRefuse(catalogue, () =>
    appendRows(tx, source, plans, {
      ingestId: input.ingestId,
      fileName: input.fileName,
      access,
      replace: mode === "replace",
      kept,
      shown: input.shown,
      signal: input.signal,
      told: teller(input, "write"),
    }));
  teller(input, "keys")(0, 0);
  const tables: TableReport[] = [];
  for (const [place, { draft, target: { table } }] of plans.entries()) {
    const { added, removed } = appended.tables[place]!;
    await execute(tx, `ANALYZE ${publicTable(table.name)}`, input.signal);
    if (added + removed > 0) {
      await note(tx, input, table.name, { mode, added, removed, kept, place });
    }
    tables.push({
      name: table.name,
      mode,
      rows: added,
      ...(mode === "replace" ? { removed } : {}),
      rejected: draft.rejected + draft.rows - added,
      columns: draft.columns.map(({ name, original, type, nullable }) => ({
        name,
        original: storable(original),
        type,
        nullable,
      })),
      ...keysOf(table, catalogue),
    });
  }
  if (appended.tables.every(({ added, removed }) => added + removed === 0)) {
    await dropKept(tx, kept);
  }
  return { source, tables, rows: appended.rows };
}

/** A table's keys, as far as whoever imports may know their columns. */
function keysOf(
  table: CatalogueTable,
  known: ReadonlyMap<string, TargetTable>,
): Pick<TableReport, "primaryKey" | "foreignKeys"> {
  const knows = (name: string, columns: readonly string[]) => {
    const there = known.get(name)?.table.columns.map((column) => column.name);
    return columns.every((column) => there?.includes(column));
  };
  const primary = table.primaryKey?.columns ?? [];
  return {
    primaryKey: knows(table.name, primary) ? primary : [],
    foreignKeys: table.references.filter(({ columns, references: to }) =>
      columns.length === 1 && knows(table.name, columns) && knows(to.table, to.columns)
    ).map(({ columns, references: to }) => ({
      column: columns[0]!,
      references: { table: to.table, column: to.columns[0]! },
    })),
  };
}

/** Of what Postgres does not take from a writer, tells what a writer may know. */
async function appendOrRefuse<T>(
  tables: ReadonlyMap<string, TargetTable>,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw writerFault(error, tables) ?? error;
  }
}
