import type { ChangeChoices, ChangedBy, ChangeSummary } from "../../journal/mod.ts";
import { Button, ButtonLink, Field, Select } from "../components/form.tsx";
import { Badge, type Column, Table, Time } from "../components/pieces.tsx";
import { actorText, changedRowsText, changeState } from "./change_text.ts";

/** Who made a change, with a way to what else they did. */
export function ChangedByView({ by }: { by: ChangedBy }) {
  const name = by.label ?? "Somebody";
  const path = by.grant
    ? `/activity?app=${by.grant}`
    : by.token
    ? `/activity?token=${by.token}`
    : by.user
    ? `/activity?user=${by.user}`
    : null;
  return (
    <>
      {path ? <a href={path}>{name}</a> : name}
      <br />
      <span class="small soft">{actorText(by)}</span>
    </>
  );
}

const COLUMNS = (path: string): Column<ChangeSummary>[] => [
  {
    head: "When",
    tight: true,
    cell: ({ changeId, at }) => (
      <a href={`${path}/changes/${changeId}`}>
        <Time at={at} />
      </a>
    ),
  },
  { head: "Who", cell: ({ by }) => <ChangedByView by={by} /> },
  { head: "By", cell: ({ by }) => by.tool ? <code>{by.tool}</code> : "" },
  {
    head: "What",
    cell: ({ tables }) => (
      <ul class="plain">
        {tables.map((one) => <li key={`${one.table} ${one.op}`}>{changedRowsText(one)}</li>)}
      </ul>
    ),
  },
  {
    head: "State",
    cell: (change) => {
      const state = changeState(change);
      return state && <Badge tone={state.tone}>{state.text}</Badge>;
    },
  },
];

/** Changes, the latest first. */
export function ChangesTable(
  { path, changes }: { path: string; changes: readonly ChangeSummary[] },
) {
  return <Table caption="Changes" columns={COLUMNS(path)} rows={changes} />;
}

type Actor = ChangeChoices["actors"][number];

/** An actor as an option: `token:` or `app:` and its id. */
export const actorValue = ({ token, grant }: Pick<Actor, "token" | "grant">) =>
  grant ? `app:${grant}` : `token:${token}`;

/** The tokens and apps to choose from. */
export function actorOptions(actors: readonly Actor[]) {
  return actors.map((actor) => ({
    value: actorValue(actor),
    label: `${actor.label ?? "Unnamed"} (${actor.grant ? "app" : "token"})`,
  }));
}

const any = { value: "", label: "Any" };

/** The form that narrows the list down. */
export function ChangeFilters(
  { path, query, choices }: { path: string; query: URLSearchParams; choices: ChangeChoices },
) {
  const value = (name: string) => query.get(name) ?? "";
  const named = (names: readonly string[]) => names.map((name) => ({ value: name, label: name }));
  const active = ["by", "table", "tool", "since"].some((name) => value(name) !== "");
  return (
    <details class="filters" open={active}>
      <summary class="button">Filter</summary>
      <form method="get" action={`${path}/changes`} aria-label="Filter">
        <Select
          name="by"
          label="Who"
          value={value("by")}
          options={[any, ...actorOptions(choices.actors)]}
        />
        <Select
          name="table"
          label="Table"
          value={value("table")}
          options={[any, ...named(choices.tables)]}
        />
        <Select
          name="tool"
          label="Tool"
          value={value("tool")}
          options={[any, ...named(choices.tools)]}
        />
        <Field name="since" type="date" label="From (UTC)" value={value("since")} />
        <div class="row">
          <Button tone="primary">Show</Button>
          <ButtonLink href={`${path}/changes`}>Show everything</ButtonLink>
        </div>
      </form>
    </details>
  );
}
