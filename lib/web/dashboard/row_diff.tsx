import type { ComponentChildren } from "preact";
import { changedColumns, type Image, type JournalEntry } from "../../journal/mod.ts";
import { Badge, formatNumber } from "../components/pieces.tsx";
import { OP_TEXT } from "./change_text.ts";

const MAX_CHARS = 2_000;

/** A value of a row as people read it. */
function Value({ value }: { value: unknown }) {
  if (value === undefined) return null;
  if (value === null) return <em class="soft">no value</em>;
  if (value === "") return <em class="soft">empty text</em>;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MAX_CHARS ? <>{text.slice(0, MAX_CHARS)}…</> : <>{text}</>;
}

interface DiffProps {
  /** What the two sides are called. */
  heads: readonly [string, string];
  before: Image | null;
  after: Image | null;
  columns: readonly string[];
  caption: string;
}

function DiffTable({ heads, before, after, columns, caption }: DiffProps) {
  return (
    <table class="diff">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Column</th>
          {before && <th scope="col">{heads[0]}</th>}
          {after && <th scope="col">{heads[1]}</th>}
        </tr>
      </thead>
      <tbody>
        {columns.map((column) => (
          <tr key={column}>
            <th scope="row">{column}</th>
            {before && (
              <td class="old">
                <Value value={before[column]} />
              </td>
            )}
            {after && (
              <td class="new">
                <Value value={after[column]} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A row's key, as `id = 1`. */
export function RowKey({ value }: { value: Image }) {
  const parts = Object.entries(value);
  if (!parts.length) return <em class="soft">a hidden key</em>;
  return (
    <code class="wrap">
      {parts.map(([column, part]) =>
        `${column} = ${typeof part === "string" ? part : JSON.stringify(part)}`
      ).join(", ")}
    </code>
  );
}

interface RowDiffProps {
  entry: Pick<JournalEntry, "op" | "table" | "key" | "before" | "after">;
  /** What the two sides are called: before and after, unless something else. */
  heads?: readonly [string, string];
  /** Beside the key: a state, what can be done. */
  children?: ComponentChildren;
}

/** One changed row: what was done to it, and how each column read before and after. */
export function RowDiff({ entry, heads = ["Before", "After"], children }: RowDiffProps) {
  const { op, table, key, before, after } = entry;
  const { done, tone } = OP_TEXT[op];
  const whole = Object.keys(before ?? after ?? {});
  // What names the row first: an image has its columns in no order that people know.
  const changed = before && after ? changedColumns(before, after) : [
    ...whole.filter((column) => column in key),
    ...whole.filter((column) => !(column in key)),
  ];
  const rest = before && after
    ? Object.keys(after).filter((column) => !changed.includes(column))
    : [];
  const caption = `${done} in ${table}`;
  return (
    <article class="changed-row">
      <header>
        <Badge tone={tone}>{done}</Badge>
        <strong>{table}</strong>
        <RowKey value={key} />
        {children && <div class="row">{children}</div>}
      </header>
      {changed.length > 0
        ? (
          <DiffTable
            heads={heads}
            before={before}
            after={after}
            columns={changed}
            caption={caption}
          />
        )
        : <p class="small soft">What changed is not shown: the field rules hide it.</p>}
      {rest.length > 0 && (
        <details>
          <summary>{formatNumber(rest.length, "column")} the same as before</summary>
          <DiffTable
            heads={["", "Value"]}
            before={null}
            after={after}
            columns={rest}
            caption={`${caption}, unchanged columns`}
          />
        </details>
      )}
    </article>
  );
}
