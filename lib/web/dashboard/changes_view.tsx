import type { ChangeActor, ChangeChoices, ChangedBy, ChangeSummary } from "../../journal/mod.ts";
import { Button, ButtonLink, Field, Select } from "../components/form.tsx";
import { useMay } from "../rendering.ts";
import { Badge, Time } from "../components/pieces.tsx";
import { actorText, changedRowsText, changeState, importText } from "./change_text.ts";
import { Visible } from "../components/visible_text.tsx";

/** Who made a change, with a way to what else they did. */
export function ChangedByView({ by }: { by: ChangedBy }) {
  const name = <Visible text={by.label ?? "Somebody"} />;
  const path = !useMay("activity:read")
    ? null
    : by.grant
    ? `/activity?app=${by.grant}`
    : by.token
    ? `/activity?token=${by.token}`
    : by.user
    ? `/activity?user=${by.user}`
    : null;
  return (
    <span>
      {path ? <a href={path}>{name}</a> : name} <span class="small soft">{actorText(by)}</span>
    </span>
  );
}

/** Changes, the latest first. */
export function ChangeList(
  { path, changes }: { path: string; changes: readonly ChangeSummary[] },
) {
  return (
    <ol class="changes">
      {changes.map((change) => {
        const { changeId, at, by, tables } = change;
        const state = changeState(change);
        const imported = importText(change);
        return (
          <li key={changeId}>
            <a class="what" href={`${path}/changes/${changeId}`}>
              {imported && <Visible text={imported} />}
              {tables.map((one) => (
                <Visible key={`${one.table} ${one.op}`} text={changedRowsText(one)} />
              ))}
            </a>
            <span class="facts-line">
              <ChangedByView by={by} />
              {by.tool && <code>{by.tool}</code>}
              <Time at={at} />
            </span>
            {state && <Badge tone={state.tone}>{state.text}</Badge>}
          </li>
        );
      })}
    </ol>
  );
}

/** Somebody who acts as an option: `app:`, `token:` or `person:` and an id. */
export function actorValue(
  { token, grant, person }: Pick<ChangeActor, "token" | "grant" | "person">,
): string {
  return grant ? `app:${grant}` : token ? `token:${token}` : `person:${person}`;
}

/** Those who changed rows, to choose from. */
export function actorOptions(actors: readonly ChangeActor[]) {
  return actors.map((actor) => ({
    value: actorValue(actor),
    label: `${actor.label ?? "Unnamed"} (${actorValue(actor).split(":")[0]})`,
  }));
}

const any = { value: "", label: "Any" };

/** The form that narrows the list down. */
export function ChangeFilters(
  { path, query, choices }: { path: string; query: URLSearchParams; choices: ChangeChoices },
) {
  const value = (name: string) => query.get(name) ?? "";
  const named = (names: readonly string[]) => names.map((name) => ({ value: name, label: name }));
  const active = ["who", "table", "tool", "from"].some((name) => value(name) !== "");
  return (
    <details class="filters" open={active}>
      <summary class="button">Filter</summary>
      <form method="get" action={`${path}/changes`} aria-label="Filter">
        <Select
          name="who"
          label="Who"
          value={value("who")}
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
        <Field name="from" type="date" label="From (UTC)" value={value("from")} />
        <div class="row">
          <Button tone="primary">Show</Button>
          <ButtonLink href={`${path}/changes`}>Show everything</ButtonLink>
        </div>
      </form>
    </details>
  );
}
