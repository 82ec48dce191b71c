import type { EndpointView } from "../../endpoints/mod.ts";
import { MAX_CALLS_PER_MINUTE } from "../../tokens/mod.ts";
import { Choices, Field, TextArea } from "../components/form.tsx";
import { FormPage } from "../components/form_page.tsx";
import { Compartment } from "../components/layout.tsx";
import type { FormFields } from "../form_data.ts";
import { type TableChoices, TableReachFields } from "./table_reach.tsx";
import { ABILITY_GROUPS, ABILITY_TEXT } from "./ability_text.ts";
import { ADVANCED_FIELDS, SUGGESTED_DAYS, TOKEN_PRESETS } from "./token_presets.ts";

interface TokenFormProps {
  endpoints: readonly EndpointView[];
  /** What was typed, or what the page was opened with. */
  typed: FormFields;
  faults: Readonly<Record<string, string>>;
  /** `YYYY-MM-DD`. */
  today: string;
  /** The tables that can be chosen of the endpoints. */
  tables: readonly TableChoices[];
  /** Whether who fills it in may make tokens of the team. */
  mayShare: boolean;
}

type PartProps = Pick<TokenFormProps, "typed" | "faults">;

function Permissions({ typed, faults }: PartProps) {
  return (
    <Compartment
      id="permissions"
      title="Permissions"
      about="Start with little: a token can be replaced, never widened. It never does more than you may yourself."
    >
      <Choices
        name="permissions"
        legend="What it may do"
        type="radio"
        chosen={typed.getAll("permissions")}
        error={faults["permissions"]}
        options={[
          ...Object.entries(TOKEN_PRESETS).map(([value, { label, hint }]) => ({
            value,
            label,
            hint,
          })),
          { value: "custom", label: "Custom", hint: "Exactly what is ticked under Advanced." },
        ]}
      />
    </Compartment>
  );
}

function Abilities({ typed, faults }: PartProps) {
  return (
    <>
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
      <Choices
        name="review"
        legend="Approval"
        type="checkbox"
        chosen={typed.getAll("review")}
        error={faults["review"]}
        options={[{
          value: "yes",
          label: "Require approval for writes",
          hint: "Nothing changes until somebody has seen the difference and approved it. " +
            "An endpoint may ask for that of every token.",
        }]}
      />
    </>
  );
}

function Reach(
  { endpoints, typed, faults }: Omit<TokenFormProps, "today" | "tables" | "mayShare">,
) {
  return (
    <Compartment
      id="reach"
      title="Endpoint access"
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
            hint: "Also those that are created later.",
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

function Expiry({ typed, faults, today }: PartProps & { today: string }) {
  return (
    <Compartment
      id="expiry"
      title="Expires"
      about="A token that nobody needs any more should not work any more."
    >
      <Choices
        name="expiry"
        legend="When it stops working"
        type="radio"
        chosen={[typed.get("expiry") ?? "suggested"]}
        error={faults["expiry"]}
        options={[
          {
            value: "suggested",
            label: `After ${SUGGESTED_DAYS} days`,
            hint: `On ${dayAfter(today, SUGGESTED_DAYS)}.`,
          },
          { value: "date", label: "At the end of the day below" },
          { value: "never", label: "Never", hint: "It works until somebody revokes it." },
        ]}
      />
      <Field
        name="expires"
        type="date"
        label="Last day"
        min={today}
        value={typed.get("expires") ?? ""}
        error={faults["expires"]}
      />
    </Compartment>
  );
}

function Owner({ typed, faults }: PartProps) {
  return (
    <Compartment
      id="owner"
      title="Owner"
      about="Your own tokens end when you leave the team, and follow your role until then."
    >
      <Choices
        name="team"
        legend="Whose token it is"
        type="checkbox"
        chosen={typed.getAll("team")}
        error={faults["team"]}
        options={[{
          value: "yes",
          label: "The team’s",
          hint:
            "It goes on when you leave. Owners and admins manage it, and are asked about it then.",
        }]}
      />
    </Compartment>
  );
}

function Advanced({ typed, faults }: PartProps) {
  const isOpen = typed.get("permissions") === "custom" ||
    ADVANCED_FIELDS.some((field) => faults[field] || typed.get(field));
  return (
    <Compartment
      id="advanced"
      title="Advanced"
      about="All optional. Each limit makes a token that gets into the wrong hands worth less."
    >
      <details class="advanced" open={isOpen}>
        <summary>Abilities, approval, allowed IPs and rate limit</summary>
        <div class="stack">
          <p class="hint">The abilities and the approval count where “Custom” is chosen above.</p>
          <Abilities typed={typed} faults={faults} />
          <TextArea
            name="networks"
            label="Allowed IPs"
            hint={
              <>
                Addresses or ranges, one a line, such as <code>192.0.2.0/24</code> or{" "}
                <code>2001:db8::/32</code>. From anywhere else it is refused like a token that does
                not exist. Empty: from anywhere.
              </>
            }
            value={typed.get("networks") ?? ""}
            error={faults["networks"]}
          />
          <Field
            name="calls_per_minute"
            type="number"
            label="Rate limit"
            hint="Calls a minute, its own and those of all tokens that it makes. Empty: no limit of its own."
            min="1"
            max={String(MAX_CALLS_PER_MINUTE)}
            step="1"
            value={typed.get("calls_per_minute") ?? ""}
            error={faults["calls_per_minute"]}
          />
        </div>
      </details>
    </Compartment>
  );
}

const dayFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

/** A day so many days after another (`YYYY-MM-DD`), as people write it. */
function dayAfter(day: string, days: number): string {
  return dayFormat.format(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000);
}

/** The form that creates a token. Nothing is permitted unless the person chose it. */
export function TokenForm({ endpoints, typed, faults, today, tables, mayShare }: TokenFormProps) {
  return (
    <FormPage
      title="Create token"
      crumbs={[{ href: "/tokens", label: "Tokens" }]}
      action="/tokens/new"
      faults={faults}
      failed="No token was created"
      submit="Create token"
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
      <Permissions typed={typed} faults={faults} />
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
      <Expiry typed={typed} faults={faults} today={today} />
      {mayShare && <Owner typed={typed} faults={faults} />}
      <Advanced typed={typed} faults={faults} />
    </FormPage>
  );
}
