import { type CopyIn, copyIn, sqlState, type Tx } from "../../postgres/mod.ts";
import type { DetectedDelimited } from "../detect/mod.ts";
import { ColumnSketch } from "../infer/mod.ts";
import { utf8Chunks } from "./bytes.ts";
import { type CsvSurvey, surveyCsv, type SurveyHooks } from "./csv_survey.ts";
import { type Draft, draftColumns } from "./draft.ts";
import { identityFromStart } from "./keys.ts";
import { copyFileStatement, createTable } from "./tables.ts";
import type { LoadInput } from "./types.ts";

/** Faults that the data brings about, or that we did by giving a COPY up (57014). */
const DATA_FAULT = /^(?:22|23|54|57014)/;

type Sent = { readonly rows: number } | { readonly fault: unknown };

/** Undoes a savepoint whose work turned out not to serve. */
class Undo extends Error {
  override readonly name = "Undo";
}

const isDataFault = (fault: unknown) => DATA_FAULT.test(sqlState(fault) ?? "");

/** Whether Postgres' own CSV reader can take a file's bytes into a table of these columns. */
export function mayCopyBytes(draft: Draft, shape: DetectedDelimited): boolean {
  const { delimiter, quote } = shape.dialect;
  const isOneByte = (text: string) => /^[\t\x20-\x7e]$/.test(text);
  return isOneByte(delimiter) && isOneByte(quote) && delimiter !== quote &&
    draft.columns.every((column) => column.rewriteFrom === 0);
}

async function send(copy: CopyIn, chunks: AsyncIterable<Uint8Array>): Promise<Sent> {
  try {
    for await (const chunk of chunks) await copy.write(chunk);
    return { rows: await copy.end() };
  } catch (fault) {
    await copy.abort();
    return { fault };
  }
}

/**
 * Makes a table and copies a file's own bytes into it. False where Postgres does not read the rows
 * that the survey read: then nothing is left of it.
 */
export async function copyFile(
  tx: Tx,
  input: Pick<LoadInput, "open" | "signal">,
  shape: DetectedDelimited,
  draft: Draft,
  told: (bytes: number) => void,
): Promise<boolean> {
  return await undoable(tx, async (inner) => {
    await createTable(inner, draft, identityFromStart(draft));
    const copy = copyIn(inner, copyFileStatement(draft, shape.dialect, shape.header));
    const sent = await send(copy, utf8Chunks(input, shape, { told }));
    if ("fault" in sent) throw sent.fault;
    if (sent.rows !== draft.rows) throw new Undo();
  });
}

/** Runs in a savepoint. False, with nothing left of it, where the data was at fault. */
async function undoable(tx: Tx, run: (inner: Tx) => Promise<void>): Promise<boolean> {
  try {
    await tx.savepoint(run);
    return true;
  } catch (error) {
    if (error instanceof Undo || isDataFault(error)) return false;
    throw error;
  }
}

/**
 * Surveys a file while its own bytes go to Postgres beside it, into a table of the types that the
 * first rows suggest. Where the whole file confirms those types and Postgres saw the same rows, the
 * table is full when the survey is done; else that copy is undone (`copied` is false).
 */
export async function surveyAndCopy(
  tx: Tx,
  input: Pick<LoadInput, "open" | "signal">,
  shape: DetectedDelimited,
  draft: Draft,
  hooks: (signal: AbortSignal) => SurveyHooks,
): Promise<{ survey: CsvSurvey; copied: boolean }> {
  let survey: CsvSurvey | undefined;
  const copied = await undoable(tx, async (inner) => {
    await createTable(inner, draft, identityFromStart(draft));
    const copy = copyIn(inner, copyFileStatement(draft, shape.dialect, shape.header));
    const stop = new AbortController();
    const sending = send(copy, utf8Chunks(input, shape)).then((sent) => {
      // Without its connection the load is lost, and the survey need not go on.
      if ("fault" in sent && !isDataFault(sent.fault)) stop.abort(sent.fault);
      return sent;
    });
    let agrees = true;
    const { chunks, progress } = hooks(AbortSignal.any([input.signal, stop.signal]));
    const follow: SurveyHooks["progress"] = (sketches, rows, rejected) => {
      progress?.(sketches, rows, rejected);
      if (!agrees || (rejected === 0 && stillFits(draft, sketches))) return;
      agrees = false;
      void copy.abort();
    };
    try {
      survey = await surveyCsv(shape, { chunks, progress: follow });
    } catch (error) {
      await copy.abort();
      await sending;
      throw error;
    }
    const confirmed = survey.clean && sameTypes(draft, survey.sketches);
    if (!confirmed) await copy.abort();
    const sent = await sending;
    if (!confirmed) throw new Undo();
    if ("fault" in sent) throw sent.fault;
    if (sent.rows !== survey.rows) throw new Undo();
  });
  survey ??= await surveyCsv(shape, hooks(input.signal));
  return { survey, copied };
}

/** The table that a file's first rows suggest. */
export function guessDraft(name: string, shape: DetectedDelimited): Draft {
  const rows = shape.sample.filter((row) => row.length === shape.headers.length);
  const sketches = shape.headers.map((_, column) => {
    const sketch = new ColumnSketch();
    for (const row of rows) if (row[column] !== "") sketch.addText(row[column]!);
    return sketch;
  });
  const columns = draftColumns(shape.headers, sketches, rows.length);
  return { name, columns, rows: rows.length, rejected: 0 };
}

/** Whether what was seen so far leaves the draft's types possible. */
const stillFits = (draft: Draft, sketches: readonly ColumnSketch[]) =>
  sketches.every((sketch, index) => sketch.fits(draft.columns[index]!.type));

function sameTypes(draft: Draft, sketches: readonly ColumnSketch[]): boolean {
  return sketches.every((sketch, index) => {
    const { type, rewriteFrom } = sketch.infer();
    return rewriteFrom === 0 && type === draft.columns[index]!.type;
  });
}
