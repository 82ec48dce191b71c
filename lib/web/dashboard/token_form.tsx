import type { EndpointView } from "../../endpoints/mod.ts";
import { MAX_CALLS_PER_MINUTE } from "../../tokens/mod.ts";
import { Choices, Field, TextArea } from "../components/form.tsx";
import { FormPage } from "../components/form_page.tsx";
import { Compartment } from "../components/layout.tsx";
import type { FormFields } from "../form_data.ts";
import { type TableChoices, TableReachFields } from "./table_reach.tsx";
import { ABILITY_GROUPS, ABILITY_TEXT } from "./ability_text.ts";

interface TokenFormProps {
  endpoints: readonly EndpointView[];
  /** What was typed, or what the page was opened with. */
  typed: FormFields;
  faults: Readonly<Record<string, string>>;
  /** `YYYY-MM-DD`. */
  today: string;
  /** The tables that can be chosen of the endpoints. */
  tables: readonly TableChoices[];
}

type PartProps = Pick<TokenFormProps, "typed" | "faults">;

function Power({ typed, faults }: PartProps) {
  return (
    <Compartment
      id="abilities"
      title="What it may do"
      about="A token can do what is ticked, and nothing else. Start with little: it can be replaced, never widened."
    >
      <Choices
        name="scope"
        legend="How far it may go with rows"
        type="radio"
        chosen={[typed.get("scope") ?? "mcp"]}
        error={faults["scope"]}
        pairs
        options={[
          {
            value: "mcp",
            label: "Read only",
            hint: "It never changes a row. Adding, changing and deleting cannot be ticked with it.",
          },
          {
            value: "mcp:write",
            label: "Read and write",
            hint: "It may change rows in the ways that are ticked below.",
          },
        ]}
      />
      {ABILITY_GROUPS.map(({ legend, hint, abilities }, index) => (
        <Choices
          key={legend}
          id={`abilities-${index}`}
          name="abilities"
          legend={legend}
          hint={hint}
          type="checkbox"
          chosen={typed.getAll("abilities")}
          error={index === 0 ? faults["abilities"] : undefined}
          pairs
          options={abilities.map((value) => ({ value, ...ABILITY_TEXT[value] }))}
        />
      ))}
    </Compartment>
  );
}

function Reach({ endpoints, typed, faults }: Omit<TokenFormProps, "today" | "tables">) {
  return (
    <Compartment
      id="reach"
      title="What it reaches"
      about="One endpoint for one agent is the safest. Nothing outside ever answers."
    >
      <Choices
        name="reach"
        legend="Endpoints"
        type="radio"
        chosen={typed.getAll("reach")}
        error={faults["reach"]}
        options={[
          { value: "some", label: "Only the endpoints ticked below" },
          {
            value: "all",
            label: "Every endpoint of the team",
            hint: "Also those that are made later.",
          },
        ]}
      />
      {endpoints.length > 0 && (
        <Choices
          name="endpoints"
          legend="Your endpoints"
          type="checkbox"
          chosen={typed.getAll("endpoints")}
          error={faults["endpoints"]}
          options={endpoints.map(({ slug, name }) => ({ value: slug, label: name, hint: slug }))}
        />
      )}
    </Compartment>
  );
}

function Limits({ typed, faults, today }: Omit<TokenFormProps, "endpoints" | "tables">) {
  return (
    <Compartment
      id="limits"
      title="Limits"
      about="All optional. Each makes a token that gets into the wrong hands worth less."
    >
      <Field
        name="expires"
        type="date"
        label="Last day"
        hint="Without one, it works until it is revoked."
        min={today}
        value={typed.get("expires") ?? ""}
        error={faults["expires"]}
      />
      <TextArea
        name="networks"
        label="Networks"
        hint={
          <>
            Addresses or ranges, one a line, such as <code>192.0.2.0/24</code> or{" "}
            <code>2001:db8::/32</code>. From anywhere else it is refused like a token that does not
            exist. Empty: from anywhere.
          </>
        }
        value={typed.get("networks") ?? ""}
        error={faults["networks"]}
      />
      <Field
        name="calls_per_minute"
        type="number"
        label="Calls a minute"
        hint="Calls beyond that are refused until the minute is over. Empty: no limit of its own."
        min="1"
        max={String(MAX_CALLS_PER_MINUTE)}
        step="1"
        value={typed.get("calls_per_minute") ?? ""}
        error={faults["calls_per_minute"]}
      />
    </Compartment>
  );
}

function Review({ typed, faults }: PartProps) {
  return (
    <Compartment
      id="review"
      title="Approval"
      about="For an agent that you want to watch before you trust it."
    >
      <Choices
        name="review"
        legend="What it changes"
        type="checkbox"
        chosen={typed.getAll("review")}
        error={faults["review"]}
        options={[{
          value: "yes",
          label: "Its writes wait for a person",
          hint: "Nothing changes until somebody has seen the difference and approved it. " +
            "An endpoint may ask for that of every token.",
        }]}
      />
    </Compartment>
  );
}

/** The form that mints a token. No ability is ticked unless the person ticked it. */
export function TokenForm({ endpoints, typed, faults, today, tables }: TokenFormProps) {
  return (
    <FormPage
      title="New token"
      crumbs={[{ href: "/tokens", label: "Tokens" }]}
      action="/tokens/new"
      faults={faults}
      failed="No token was made"
      submit="Mint token"
      cancel="/tokens"
    >
      <Compartment id="name" title="Name" about="For you: which agent, on which machine.">
        <Field
          name="name"
          label="Name"
          required
          maxLength={200}
          value={typed.get("name") ?? ""}
          error={faults["name"]}
        />
      </Compartment>
      <Power typed={typed} faults={faults} />
      <Reach endpoints={endpoints} typed={typed} faults={faults} />
      {tables.length > 0 && (
        <Compartment
          id="tables"
          title="Tables"
          about="All tables of its endpoints, unless you choose."
        >
          <TableReachFields endpoints={tables} typed={typed} error={faults["tables"]} />
        </Compartment>
      )}
      <Review typed={typed} faults={faults} />
      <Limits typed={typed} faults={faults} today={today} />
    </FormPage>
  );
}
