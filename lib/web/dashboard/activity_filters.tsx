import { type ActivityChoices, AUDIT_ACTIONS } from "../../audit/mod.ts";
import { Button, ButtonLink, Field, Select } from "../components/form.tsx";
import { ACTION_TEXT } from "./action_text.ts";
import { FILTERS } from "./activity_query.ts";

type Option = { readonly value: string; readonly label: string };

const ANY: Option = { value: "", label: "Any" };

/** The options of a choice; what was chosen stays one of them, though it is gone since. */
function optionsOf(options: readonly Option[], chosen: string, gone: string): Option[] {
  const known = chosen === "" || options.some(({ value }) => value === chosen);
  return [ANY, ...options, ...(known ? [] : [{ value: chosen, label: gone }])];
}

interface FiltersProps {
  query: URLSearchParams;
  choices: ActivityChoices;
  endpoints: readonly { id: string; name: string }[];
}

/** The form that narrows the list down. */
export function ActivityFilters({ query, choices, endpoints }: FiltersProps) {
  const value = (name: typeof FILTERS[number]) => query.get(name) ?? "";
  const chosen = FILTERS.filter((name) => value(name) !== "").length;
  const named = ({ id, name }: { id: string; name: string }) => ({ value: id, label: name });
  const people = choices.people.map(({ id, email }) => ({ value: id, label: email }));
  return (
    <details class="filters" open={chosen > 0}>
      <summary class="button">
        Filter{chosen > 0 && <span class="badge accent">{chosen}</span>}
      </summary>
      <form method="get" action="/activity" aria-label="Filter">
        <Select
          name="action"
          label="What"
          value={value("action")}
          options={[ANY, ...AUDIT_ACTIONS.map((one) => ({ value: one, label: ACTION_TEXT[one] }))]}
        />
        <Select
          name="user"
          label="Person"
          value={value("user")}
          options={optionsOf(people, value("user"), "Someone who left")}
        />
        <Select
          name="app"
          label="App"
          value={value("app")}
          options={optionsOf(choices.apps.map(named), value("app"), "Another app")}
        />
        <Select
          name="token"
          label="Token"
          value={value("token")}
          options={optionsOf(choices.tokens.map(named), value("token"), "An app's token")}
        />
        <Select
          name="endpoint"
          label="Endpoint"
          value={value("endpoint")}
          options={optionsOf(endpoints.map(named), value("endpoint"), "Deleted since")}
        />
        <Field
          name="table"
          label="Table"
          value={value("table")}
          spellcheck={false}
          maxLength={200}
        />
        <Field name="tool" label="Tool" value={value("tool")} spellcheck={false} maxLength={200} />
        <Field name="since" type="date" label="From (UTC)" value={value("since")} />
        <Field name="until" type="date" label="Until (UTC)" value={value("until")} />
        <div class="row">
          <Button tone="primary">Show</Button>
          <ButtonLink href="/activity">Show everything</ButtonLink>
        </div>
      </form>
    </details>
  );
}
