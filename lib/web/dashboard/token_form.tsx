import type { EndpointView } from "../../endpoints/mod.ts";
import { ABILITIES } from "../../principal.ts";
import { Button, ButtonLink, Choices, Field, Form } from "../components/form.tsx";
import { Compartment, Hold, PageHead } from "../components/layout.tsx";
import { Notice } from "../components/pieces.tsx";
import type { FormFields } from "../form_data.ts";
import { ABILITY_TEXT } from "./ability_text.ts";

interface TokenFormProps {
  endpoints: readonly EndpointView[];
  /** What was typed, or what the page was opened with. */
  typed: FormFields;
  faults: Readonly<Record<string, string>>;
  /** `YYYY-MM-DD`. */
  today: string;
}

/** The form that mints a token. Nothing is ticked unless the person ticked it. */
export function TokenForm({ endpoints, typed, faults, today }: TokenFormProps) {
  return (
    <>
      <PageHead title="New token" crumbs={[{ href: "/tokens", label: "Tokens" }]} />
      {Object.keys(faults).length > 0 && (
        <Notice tone="danger" title="No token was made">Correct what is marked below.</Notice>
      )}
      <Form action="/tokens/new">
        <Hold>
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
          <Compartment
            id="abilities"
            title="What it may do"
            about="A token can do what is ticked, and nothing else. Start with little."
          >
            <Choices
              name="abilities"
              legend="Abilities"
              type="checkbox"
              chosen={typed.getAll("abilities")}
              error={faults["abilities"]}
              options={ABILITIES.map((value) => ({ value, ...ABILITY_TEXT[value] }))}
            />
          </Compartment>
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
                  label: "Every endpoint of this account",
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
                options={endpoints.map(({ slug, name }) => ({
                  value: slug,
                  label: name,
                  hint: slug,
                }))}
              />
            )}
          </Compartment>
          <Compartment id="expiry" title="How long" about="Without a date it works until revoked.">
            <Field
              name="expires"
              type="date"
              label="Last day (optional)"
              min={today}
              value={typed.get("expires") ?? ""}
              error={faults["expires"]}
            />
          </Compartment>
        </Hold>
        <div class="row">
          <Button tone="primary">Mint token</Button>
          <ButtonLink href="/tokens">Cancel</ButtonLink>
        </div>
      </Form>
    </>
  );
}
