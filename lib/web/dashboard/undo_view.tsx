import type { ComponentChildren } from "preact";
import { type JournalEntry, MAX_ENTRIES, REFUSALS, type UndoResult } from "../../journal/mod.ts";
import { Button, ButtonLink, Form, Select } from "../components/form.tsx";
import { Compartment, Facts, Hold } from "../components/layout.tsx";
import { Badge, formatCount, formatNumber, Notice } from "../components/pieces.tsx";
import { RowDiff } from "./row_diff.tsx";

/** An entry as undoing it would change the row. */
function turned({ op, table, key, before, after }: JournalEntry) {
  const inverse = { insert: "delete", update: "update", delete: "insert" } as const;
  return { op: inverse[op], table, key, before: after, after: before };
}

function Counts({ result }: { result: UndoResult }) {
  const { restored, refused, already, notShown } = result;
  return (
    <Facts
      facts={[
        { label: "Will be taken back", value: formatCount(restored) },
        { label: "Refused", value: formatCount(refused) },
        ...(already ? [{ label: "Taken back before", value: formatCount(already) }] : []),
        ...(notShown ? [{ label: "Of these not shown", value: formatCount(notShown) }] : []),
      ]}
    />
  );
}

/** Imports among what is undone: each as a whole, so without its rows. */
function Imports({ imports }: { imports: UndoResult["imports"] }) {
  return (
    <ul class="plain">
      {imports.map((
        { entry, fileName, table, removed, restored, refused, refusal, wholeTable },
      ) => (
        <li key={entry}>
          Import of <strong>{fileName}</strong>: {[
            ...(removed > 0
              ? [
                wholeTable
                  ? `the table ${table} is taken away with its ${formatNumber(removed, "row")}`
                  : `${formatNumber(removed, "row")} deleted from ${table}`,
              ]
              : []),
            ...(restored > 0
              ? [
                wholeTable
                  ? `the table ${table} comes back with its ${formatNumber(restored, "row")}`
                  : `${formatNumber(restored, "row")} put back into ${table}`,
              ]
              : []),
            ...(refused > 0
              ? [`${formatNumber(refused, "row")} of ${table} left as they are`]
              : []),
          ].join(", ")}
          {refusal && (
            <>
              {" "}
              <Badge tone="warn">{REFUSALS[refusal]}</Badge>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

interface PreviewProps {
  result: UndoResult;
  /** Where the form goes, and what it carries. */
  action: string;
  fields: Readonly<Record<string, string>>;
  /** Where nothing is done. */
  back: string;
  children?: ComponentChildren;
}

/** What an undo would do, row by row, and the button that does it. */
export function UndoPreview({ result, action, fields, back, children }: PreviewProps) {
  const refused = result.rows.filter(({ refusal }) => refusal);
  const restored = result.rows.filter(({ refusal }) => !refusal);
  return (
    <Hold>
      <Compartment
        id="summary"
        title="What would happen"
        about="Everything was tried just now, and nothing kept. Rows that others change meanwhile are refused, too."
      >
        <Counts result={result} />
        {result.imports.length > 0 && <Imports imports={result.imports} />}
        {result.notShown > 0 && (
          <p class="small soft">
            The field rules let nobody see some of these rows. They are taken back like the others.
          </p>
        )}
        {result.capped && (
          <Notice tone="warn">
            There is more: one undo takes back the latest {formatCount(MAX_ENTRIES)}{" "}
            rows. Repeat it for the rest.
          </Notice>
        )}
        {children}
        {result.restored > 0
          ? (
            <Form action={action}>
              {Object.entries(fields).map(([name, value]) => (
                <input key={name} type="hidden" name={name} value={value} />
              ))}
              <div class="row">
                <Button tone="primary">Take back {formatNumber(result.restored, "row")}</Button>
                <ButtonLink href={back}>Leave it as it is</ButtonLink>
              </div>
            </Form>
          )
          : (
            <>
              <Notice title="There is nothing to take back">
                {result.refused > 0
                  ? "Each row has a reason against it."
                  : "All of it has been taken back already, or there was nothing."}
              </Notice>
              <div class="row">
                <ButtonLink href={back}>Back</ButtonLink>
              </div>
            </>
          )}
        <p class="small soft">An undo is itself a change: it is kept, and can be taken back.</p>
      </Compartment>
      {refused.length > 0 && (
        <Compartment
          id="refused"
          title="Refused"
          about="These rows are left as they are now."
        >
          {refused.map(({ entry, refusal }) => (
            <RowDiff key={entry.id} entry={entry}>
              <Badge tone="warn">{REFUSALS[refusal!]}</Badge>
            </RowDiff>
          ))}
        </Compartment>
      )}
      {restored.length > 0 && (
        <Compartment id="restored" title="Taken back" about="How each row will read afterwards.">
          {restored.map(({ entry }) => (
            <RowDiff key={entry.id} entry={turned(entry)} heads={["Now", "Afterwards"]} />
          ))}
          {result.more && <p class="soft">And more rows, which are not listed.</p>}
        </Compartment>
      )}
    </Hold>
  );
}

interface SinceProps {
  path: string;
  options: readonly { value: string; label: string }[];
  /** What was chosen before, and what was wrong with it. */
  by?: string;
  since?: string;
  faults?: Readonly<Record<string, string>>;
}

/** The form that asks what a token, an app or a person did since a time, to take it back. */
export function UndoSinceForm({ path, options, by, since, faults = {} }: SinceProps) {
  return (
    <form method="get" action={`${path}/undo`} class="form">
      <Select
        name="by"
        label="Who"
        value={by}
        required
        error={faults["by"]}
        options={[{ value: "", label: "Choose one" }, ...options]}
      />
      <div class="field">
        <label for="field-since">Since (UTC)</label>
        <input
          class="input"
          id="field-since"
          name="since"
          type="datetime-local"
          value={since}
          required
          aria-invalid={faults["since"] ? "true" : undefined}
          aria-describedby={faults["since"] ? "field-since-error" : undefined}
        />
        {faults["since"] && <span class="error" id="field-since-error">{faults["since"]}</span>}
      </div>
      <Button tone="primary">Preview</Button>
    </form>
  );
}
