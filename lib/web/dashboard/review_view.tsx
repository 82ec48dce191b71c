import type { ComponentChildren } from "preact";
import type { ReviewRow, ReviewView } from "../../tools/mod.ts";
import { Button, ButtonLink, Field, Form } from "../components/form.tsx";
import { EmptyState } from "../components/layout.tsx";
import { visibleText } from "../../text/mod.ts";
import { Badge, Confirm, formatCount, formatNumber, Time } from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";
import { changedRowsText } from "./change_text.ts";
import { ChangedByView } from "./changes_view.tsx";
import { RowDiff } from "./row_diff.tsx";

const MOVED: Readonly<Record<NonNullable<ReviewRow["moved"]>, string>> = {
  changed: "Changed since",
  gone: "Gone since",
  taken: "The key is taken since",
};

const COUNTS = { insert: "inserted", update: "updated", delete: "deleted" } as const;

/** `2 rows changed in item`, for each kind. */
export function reviewTexts({ table, counts }: Pick<ReviewView, "table" | "counts">): string[] {
  const texts = (["insert", "update", "delete"] as const).flatMap((op) =>
    counts[COUNTS[op]] ? [changedRowsText({ table, op, rows: counts[COUNTS[op]] })] : []
  );
  return texts.length ? texts : [`Nothing changed in ${table}`];
}

/** What a tick or a button stands for: the change, and what was shown of it. */
const choiceOf = ({ id, version }: ReviewView) => `${id}:${version}`;

interface DecideProps {
  path: string;
  change: ReviewView;
}

interface ApproveProps {
  action: string;
  change: ReviewView;
  what: string;
  chosen: ComponentChildren;
}

/** Approves what was looked at, or says how much of it was not. */
function Approve({ action, change, what, chosen }: ApproveProps) {
  const { id, unseen } = change;
  if (!unseen) {
    return (
      <Form action={action} inline>
        {chosen}
        <Button tone="primary" name="decision" value="approve" label={`Approve: ${what}`}>
          Approve
        </Button>
      </Form>
    );
  }
  const rows = formatNumber(unseen, "row");
  return (
    <Confirm
      summary="Approve without looking…"
      label={`Approve without looking at ${rows}: ${what}…`}
      mild
    >
      <p class="small">
        You have not looked at {rows} of this change. {ONCE_SEEN}
      </p>
      <Form action={action} inline>
        {chosen}
        <input type="hidden" name={`unseen-${id}`} value={String(unseen)} />
        <Button tone="danger" name="decision" value="approve" label={`Approve unseen: ${what}`}>
          Approve {rows} that I have not looked at
        </Button>
      </Form>
    </Confirm>
  );
}

const ONCE_SEEN = "Once every page of its rows was open, it can be approved without this.";

function Decide({ path, change }: DecideProps) {
  const { id, conflict } = change;
  const what = visibleText(reviewTexts(change).join(", "));
  const action = `${path}/review`;
  const chosen = <input type="hidden" name="change" value={choiceOf(change)} />;
  return (
    <div class="row decide">
      {conflict
        ? (
          <Form action={action} inline>
            {chosen}
            <Button name="decision" value="refresh" label={`Look again: ${what}`}>
              Look again
            </Button>
          </Form>
        )
        : <Approve action={action} change={change} what={what} chosen={chosen} />}
      <Confirm summary="Reject…" label={`Reject: ${what}…`} mild>
        <Form action={action}>
          {chosen}
          <Field
            name={`note-${id}`}
            label="Why (optional)"
            hint="Told to whoever asked."
            maxLength={500}
          />
          <Button tone="danger" name="decision" value="reject" label={`Reject for good: ${what}`}>
            Reject for good
          </Button>
        </Form>
      </Confirm>
    </div>
  );
}

const NOTHING = "This row already holds these values: nothing of it changes any more.";

/** Rows that a change would touch. */
function ReviewRows({ change, shown }: { change: ReviewView; shown: number }) {
  const { rows, table } = change;
  return (
    <>
      {rows.slice(0, shown).map((row, index) => (
        <RowDiff key={index} entry={{ ...row, table }} nothing={row.same ? NOTHING : undefined}>
          {row.moved && <Badge tone="danger">{MOVED[row.moved]}</Badge>}
          {!row.whole && <Badge tone="warn">A value is too long to be kept whole</Badge>}
        </RowDiff>
      ))}
    </>
  );
}

/** Where one is among the rows, what of them cannot be shown, and the way to the next. */
function RowPages({ path, change }: { path: string; change: ReviewView }) {
  const { id, after, rows, count, notShown, next, unseen } = change;
  const taken = rows.length + notShown;
  if (count <= 1 && count === rows.length) return null;
  const here = `${path}/review/${id}`;
  return (
    <div class="row spread row-pages">
      <p class="small soft">
        {taken > 0
          ? `Rows ${formatCount(after + 1)} to ${formatCount(after + taken)} of ${
            formatCount(count)
          }`
          : `${formatNumber(count, "row")} in all, and no more of them are kept to be shown`}
        {notShown > 0 && `, ${formatCount(notShown)} of which the field rules let nobody see`}
        {unseen !== null && (unseen > 0
          ? `. You have not looked at ${formatCount(unseen)} so far.`
          : ". You have looked at each.")}
      </p>
      <nav class="row" aria-label="Rows">
        {after > 0 && <ButtonLink href={here}>First rows</ButtonLink>}
        {next !== null && <ButtonLink href={`${here}?rows=${next}`}>Next rows</ButtonLink>}
      </nav>
    </div>
  );
}

/** Why a change cannot be approved as it stands, and what its author has become. */
export function ReviewWarnings({ change }: { change: ReviewView }) {
  const { conflict, ended, counts, state } = change;
  return (
    <>
      {state === "queued" && !counts.inserted && !counts.updated && !counts.deleted && (
        <p class="warning">
          This change changes nothing any more: each row already is as it would be.
        </p>
      )}
      {conflict && (
        <p class="warning danger">
          <strong>Conflict.</strong> {conflict}
        </p>
      )}
      {ended && (
        <p class="warning">
          {change.by.grant ? "The app was disconnected" : "The token was revoked or has expired"}
          {" since it asked for this. You can still approve it."}
        </p>
      )}
    </>
  );
}

/** The file of an import that waits: which, what it does, and what of it will not go in. */
export function ReviewFile({ change }: { change: ReviewView }) {
  const { file, importing } = change;
  if (!file) return null;
  return (
    <>
      <p>
        {file.mode === "replace" ? "Replaces all rows it may see with" : "Adds"} the rows of{" "}
        <strong>
          <Visible text={file.fileName} />
        </strong>.{" "}
        <span class="small soft">
          SHA-256 <code class="wrap">{file.sha256}</code>
        </span>
      </p>
      {file.tables.length > 1 && (
        <ul class="plain">
          {file.tables.map(({ name, rows, removed }) => (
            <li key={name}>
              {name}: {formatNumber(rows, "row")} added
              {removed > 0 && `, ${formatNumber(removed, "row")} removed`}
            </li>
          ))}
        </ul>
      )}
      {file.rejects > 0 && (
        <p class="small soft">{formatNumber(file.rejects, "row")} of the file will not go in.</p>
      )}
      {importing && <p class="warning" role="status">Approved: it is being imported just now.</p>}
    </>
  );
}

interface ItemProps extends DecideProps {
  mayDecide: boolean;
}

/** Rows of each change that a list shows. */
export const LISTED_ROWS = 3;

function Waiting({ path, change, mayDecide }: ItemProps) {
  const { id, at, by, tool, conflict, version, ended, unseen } = change;
  const texts = reviewTexts(change);
  const more = change.count - Math.min(change.rows.length, LISTED_ROWS);
  return (
    <li
      class="review"
      data-change={id}
      data-mark={`${version} ${conflict ?? ""} ${ended} ${unseen}`}
    >
      <header>
        {mayDecide && (
          <label class="tick">
            <input type="checkbox" form="decide" name="change" value={choiceOf(change)} />
            <span class="visually-hidden">
              Choose: <Visible text={texts.join(", ")} />
            </span>
          </label>
        )}
        <div class="told">
          <h3>
            <a href={`${path}/review/${id}`}>
              <Visible text={texts.join(", ")} />
            </a>
          </h3>
          <span class="facts-line">
            <ChangedByView by={by} />
            <code>{tool}</code>
            <Time at={at} />
          </span>
        </div>
        {conflict && <Badge tone="danger">Conflict</Badge>}
      </header>
      <ReviewFile change={change} />
      <ReviewWarnings change={change} />
      <ReviewRows change={change} shown={LISTED_ROWS} />
      {more > 0 && (
        <p class="small">
          <a href={`${path}/review/${id}`}>Look at all {formatNumber(change.count, "row")}</a>{" "}
          <span class="soft">({formatCount(more)} more than here)</span>
        </p>
      )}
      {mayDecide && !change.importing && <Decide path={path} change={change} />}
    </li>
  );
}

/** The changes that wait, with what decides on them, one or many. */
export function ReviewList(
  { path, changes, mayDecide }: {
    path: string;
    changes: readonly ReviewView[];
    mayDecide: boolean;
  },
) {
  return (
    <>
      {mayDecide && (
        <Form action={`${path}/review`} id="decide" inline>
          <div class="row">
            <Button tone="primary" name="decision" value="approve">Approve selected</Button>
            <Button name="decision" value="reject">Reject selected</Button>
          </div>
        </Form>
      )}
      <ol class="reviews">
        {changes.map((change) => (
          <Waiting key={change.id} path={path} change={change} mayDecide={mayDecide} />
        ))}
      </ol>
    </>
  );
}

/** One change on a page of its own: its rows, and what decides on it. */
export function ReviewDetail({ path, change, mayDecide }: ItemProps) {
  return (
    <div class="review alone">
      <ReviewFile change={change} />
      <ReviewWarnings change={change} />
      <ReviewRows change={change} shown={change.rows.length} />
      {change.state === "queued" && <RowPages path={path} change={change} />}
      {mayDecide && change.state === "queued" && !change.importing && (
        <Decide path={path} change={change} />
      )}
    </div>
  );
}

/** How a change ended. */
export function DecisionBadge({ state }: { state: ReviewView["state"] }) {
  if (state === "queued") return <Badge tone="accent">Waiting</Badge>;
  return state === "applied" ? <Badge tone="good">Approved</Badge> : <Badge>Rejected</Badge>;
}

/** Changes that were decided on. */
export function DecidedList(
  { path, changes }: { path: string; changes: readonly ReviewView[] },
) {
  return (
    <ol class="changes">
      {changes.map((change) => {
        const { id, state, decidedBy, decidedAt, by, tool, note } = change;
        const href = state === "applied" ? `${path}/changes/${id}` : `${path}/review/${id}`;
        return (
          <li key={id}>
            <a class="what" href={href}>
              {reviewTexts(change).map((text) => <Visible key={text} text={text} />)}
            </a>
            <span class="facts-line">
              <ChangedByView by={by} />
              <code>{tool}</code>
              <span>
                {state === "applied" ? "approved" : "rejected"} by{" "}
                <Visible text={decidedBy?.label ?? "nobody"} />
              </span>
              {decidedAt && <Time at={decidedAt} />}
              {note && (
                <span>
                  “<Visible text={note} />”
                </span>
              )}
            </span>
            <DecisionBadge state={state} />
          </li>
        );
      })}
    </ol>
  );
}

/** What stands where nothing waits, or nothing was decided. */
export function NothingToReview({ path, state }: { path: string; state: "queued" | "decided" }) {
  return state === "queued"
    ? (
      <EmptyState
        title="Nothing waits"
        action={<ButtonLink href={`${path}/access`}>How agents may write</ButtonLink>}
      >
        What agents ask to change under review stands here, with each row before and after.
      </EmptyState>
    )
    : (
      <EmptyState title="Nothing decided yet">
        What was approved or rejected stands here, with who did it.
      </EmptyState>
    );
}

/** Leads from what waits to what was decided, and back. */
export function ReviewTabs({ path, state }: { path: string; state: "queued" | "decided" }) {
  return (
    <nav class="row" aria-label="Which changes">
      <a class="button quiet" href={path} aria-current={state === "queued" ? "page" : undefined}>
        Waiting
      </a>
      <a
        class="button quiet"
        href={`${path}?show=decided`}
        aria-current={state === "decided" ? "page" : undefined}
      >
        Decided
      </a>
    </nav>
  );
}
