import type { ComponentChildren } from "preact";
import { changedColumns, type Image, type JournalEntry } from "../../journal/mod.ts";
import { Badge, formatNumber } from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";
import { OP_TEXT } from "./change_text.ts";
import { hideNothing, type Sides, sidesOf } from "./value_text.ts";
import { Value } from "./value_view.tsx";

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
        {columns.map((column) => {
          const sides: Sides = sidesOf(
            before?.[column],
            after?.[column],
            before !== null && after !== null,
          );
          return (
            <tr key={column}>
              <th scope="row">
                <Visible text={column} />
              </th>
              {before && (
                <td class="old">
                  <Value value={before[column]} sides={sides} />
                </td>
              )}
              {after && (
                <td class="new">
                  <Value value={after[column]} sides={sides} />
                </td>
              )}
            </tr>
          );
        })}
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
      {parts.map(([column, part], index) => (
        <>
          {index > 0 && ", "}
          <Visible text={column} /> = <Visible text={hideNothing(part)} />
        </>
      ))}
    </code>
  );
}

interface RowDiffProps {
  entry: Pick<JournalEntry, "op" | "table" | "key" | "before" | "after">;
  /** What the two sides are called: before and after, unless something else. */
  heads?: readonly [string, string];
  /** Said of a row in which no column that may be seen differs. */
  nothing?: string | undefined;
  /** Beside the key: a state, what can be done. */
  children?: ComponentChildren;
}

/** A row that is kept as changed although no column that may be seen has: another one has. */
const HIDDEN = "Only columns that the field rules hide have changed.";

/** One changed row: what was done to it, and how each column read before and after. */
export function RowDiff(
  { entry, heads = ["Before", "After"], nothing = HIDDEN, children }: RowDiffProps,
) {
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
        <strong>
          <Visible text={table} />
        </strong>
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
        : <p class="small soft">{nothing}</p>}
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
