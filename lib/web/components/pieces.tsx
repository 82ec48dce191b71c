import type { ComponentChildren } from "preact";

/** How a message is meant. */
export type Tone = "info" | "good" | "warn" | "danger";

/** A message that concerns the page; read out when it appears, at once where it is urgent. */
export function Notice(
  { tone = "info", title, children }: { tone?: Tone; title?: string; children?: ComponentChildren },
) {
  return (
    <div class={`notice ${tone}`} role={tone === "danger" ? "alert" : "status"}>
      {title && <strong>{title}</strong>}
      {children && <div>{children}</div>}
    </div>
  );
}

/** A state in a word. */
export function Badge(
  { tone, children }: { tone?: "good" | "warn" | "danger" | "accent"; children: ComponentChildren },
) {
  return <span class={tone ? `badge ${tone}` : "badge"}>{children}</span>;
}

/** One column of a table: its head, and how a row's cell is made. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Digits: set right, of equal width. */
  readonly number?: boolean;
  /** Never broken over lines. */
  readonly tight?: boolean;
  /** The head is for screen readers alone. */
  readonly headHidden?: boolean;
}

interface TableProps<Row> {
  /** What the table holds, for screen readers; also names its scrolling frame. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
}

const cellClass = <Row,>({ number, tight }: Column<Row>) =>
  number ? "number" : tight ? "tight" : undefined;

/** A table that scrolls in a frame of its own. The first column names the row. */
export function Table<Row>({ caption, columns, rows }: TableProps<Row>) {
  return (
    <div class="table-frame" role="region" aria-label={caption} tabIndex={0}>
      <table class="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" class={cellClass(column)}>
                {column.headHidden
                  ? <span class="visually-hidden">{column.head}</span>
                  : column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column, position) =>
                position === 0
                  ? (
                    <th key={column.head} scope="row" class={cellClass(column)}>
                      {column.cell(row)}
                    </th>
                  )
                  : <td key={column.head} class={cellClass(column)}>{column.cell(row)}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How far something is; without a value it is under way, and nobody knows how far. */
export function Progress(
  { label, value, max, note }: {
    label: string;
    value?: number | undefined;
    max?: number | undefined;
    note?: ComponentChildren;
  },
) {
  return (
    <div class="progress">
      <div class="label">
        <span>{label}</span>
        <span>{note}</span>
      </div>
      <progress aria-label={label} value={value} max={max} />
    </div>
  );
}

interface ConfirmProps {
  /** The button that asks. */
  summary: string;
  /** For several of one text: what this one does, said whole. */
  label?: string;
  quiet?: boolean;
  /** Nothing is lost by it. */
  mild?: boolean;
  /** What will happen, and the form that makes it so. */
  children: ComponentChildren;
}

/** An action in two presses, without a dialog: the first shows what the second does. */
export function Confirm({ summary, label, quiet, mild, children }: ConfirmProps) {
  const tone = ["button", quiet && "quiet", !mild && "danger"].filter(Boolean).join(" ");
  return (
    <details class={mild ? "confirm mild" : "confirm"}>
      <summary class={tone} aria-label={label}>
        {summary}
      </summary>
      <div class="ask">{children}</div>
    </details>
  );
}

const dateTime = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** A moment in UTC. */
export function Time({ at }: { at: Date }) {
  return <time dateTime={at.toISOString()}>{dateTime.format(at)} UTC</time>;
}

const wholeNumber = new Intl.NumberFormat("en-GB");

/** A count with its thousands apart. */
export function formatCount(count: number | bigint): string {
  return wholeNumber.format(count);
}

/** A count of things: `1 row`, `2,240 rows`. */
export function formatNumber(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? "" : "s"}`;
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** A size in bytes as a person reads it, in powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
