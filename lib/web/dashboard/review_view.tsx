import type { ReviewRow, ReviewView } from "../../tools/mod.ts";
import { Button, ButtonLink, Field, Form } from "../components/form.tsx";
import { EmptyState } from "../components/layout.tsx";
import { Badge, Confirm, formatNumber, Time } from "../components/pieces.tsx";
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
  return texts.length ? texts : [`No row changed in ${table}`];
}

/** What a tick or a button stands for: the change, and what was shown of it. */
const choiceOf = ({ id, version }: ReviewView) => `${id}:${version}`;

interface DecideProps {
  path: string;
  change: ReviewView;
}

function Decide({ path, change }: DecideProps) {
  const { id, conflict } = change;
  const what = reviewTexts(change).join(", ");
  const action = `${path}/review`;
  const chosen = <input type="hidden" name="change" value={choiceOf(change)} />;
  return (
    <div class="row decide">
      <Form action={action} inline>
        {chosen}
        {conflict
          ? (
            <Button name="decision" value="refresh" label={`Look again: ${what}`}>
              Look again
            </Button>
          )
          : (
            <Button tone="primary" name="decision" value="approve" label={`Approve: ${what}`}>
              Approve
            </Button>
          )}
      </Form>
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

/** Rows that a change would touch, and how many more there are. */
export function ReviewRows({ change, shown }: { change: ReviewView; shown: number }) {
  const { rows, table, beyond, notShown } = change;
  const more = Math.max(0, rows.length - shown) + beyond;
  return (
    <>
      {rows.slice(0, shown).map((row, index) => (
        <RowDiff key={index} entry={{ ...row, table }}>
          {row.moved && <Badge tone="danger">{MOVED[row.moved]}</Badge>}
        </RowDiff>
      ))}
      {(more > 0 || notShown > 0) && (
        <p class="small soft">
          {[
            ...(more > 0 ? [`and ${formatNumber(more, "more row")}`] : []),
            ...(notShown > 0
              ? [`${formatNumber(notShown, "row")} that the field rules let nobody see`]
              : []),
          ].join(", ")}
        </p>
      )}
    </>
  );
}

/** Why a change cannot be approved as it stands, and what its author has become. */
export function ReviewWarnings({ change }: { change: ReviewView }) {
  const { conflict, ended } = change;
  return (
    <>
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

interface ItemProps extends DecideProps {
  mayDecide: boolean;
}

const SHOWN = 3;

function Waiting({ path, change, mayDecide }: ItemProps) {
  const { id, at, by, tool, conflict, version, ended } = change;
  const texts = reviewTexts(change);
  const more = change.rows.length > SHOWN;
  return (
    <li class="review" data-change={id} data-mark={`${version} ${conflict ?? ""} ${ended}`}>
      <header>
        {mayDecide && (
          <label class="tick">
            <input type="checkbox" form="decide" name="change" value={choiceOf(change)} />
            <span class="visually-hidden">Choose: {texts.join(", ")}</span>
          </label>
        )}
        <div class="told">
          <h3>
            <a href={`${path}/review/${id}`}>{texts.join(", ")}</a>
          </h3>
          <span class="facts-line">
            <ChangedByView by={by} />
            <code>{tool}</code>
            <Time at={at} />
          </span>
        </div>
        {conflict && <Badge tone="danger">Conflict</Badge>}
      </header>
      <ReviewWarnings change={change} />
      <ReviewRows change={change} shown={SHOWN} />
      {more && <a class="small" href={`${path}/review/${id}`}>See every row that is kept</a>}
      {mayDecide && <Decide path={path} change={change} />}
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
      <ReviewWarnings change={change} />
      <ReviewRows change={change} shown={change.rows.length} />
      {mayDecide && change.state === "queued" && <Decide path={path} change={change} />}
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
              {reviewTexts(change).map((text) => <span key={text}>{text}</span>)}
            </a>
            <span class="facts-line">
              <ChangedByView by={by} />
              <code>{tool}</code>
              <span>
                {state === "applied" ? "approved" : "rejected"} by {decidedBy?.label ?? "nobody"}
              </span>
              {decidedAt && <Time at={decidedAt} />}
              {note && <span>“{note}”</span>}
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
