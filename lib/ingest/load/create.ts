import type { Tx } from "../../postgres/mod.ts";
import type { DetectedDelimited } from "../detect/mod.ts";
import { copyFile, guessDraft, mayCopyBytes, surveyAndCopy } from "./copy_file.ts";
import { copyRows } from "./copy_rows.ts";
import { surveyCsv } from "./csv_survey.ts";
import { identityFromStart } from "./keys.ts";
import type { Source } from "./source.ts";
import { surveyedSource, surveyHooks, tableNameFor, type Told } from "./survey.ts";
import { copyRowsStatement, createTable, publicTable, refuseTakenNames } from "./tables.ts";
import type { LoadInput } from "./types.ts";

/** Makes a delimited file's table and fills it with the good rows, by the fastest way that holds. */
export async function createDelimited(
  tx: Tx,
  input: LoadInput,
  shape: DetectedDelimited,
  told: { read: Told; write: Told },
): Promise<Source> {
  const name = tableNameFor(input);
  await refuseTakenNames(tx, [name]);
  const guess = guessDraft(name, shape);
  const hooks = (signal: AbortSignal) => surveyHooks(input, shape, told.read, signal);
  const { survey, copied } = mayCopyBytes(guess, shape)
    ? await surveyAndCopy(tx, input, shape, guess, hooks)
    : { survey: await surveyCsv(shape, hooks(input.signal)), copied: false };
  const source = surveyedSource(input, shape, survey);
  if (copied) return source;
  const draft = source.drafts[0]!;
  const bytesCopied = survey.clean && mayCopyBytes(draft, shape) &&
    await copyFile(tx, input, shape, draft, (bytes) => told.write(bytes, 0));
  if (!bytesCopied) await createFrom(tx, input, source, told.write);
  return source;
}

/** Makes a surveyed source's tables and fills them with the rows that we write ourselves. */
export async function createFrom(
  tx: Tx,
  load: { readonly ingestId: string; readonly fileName: string },
  source: Source,
  told: Told,
): Promise<void> {
  await refuseTakenNames(tx, source.drafts.map((draft) => draft.name));
  await tx.savepoint(async (inner) => {
    for (const draft of source.drafts) {
      await createTable(inner, draft, identityFromStart(draft));
    }
    const statements = source.drafts.map((draft) =>
      copyRowsStatement(publicTable(draft.name), draft.columns, true)
    );
    await copyRows(inner, source, { statements, withLine: false, load, told });
  });
}
