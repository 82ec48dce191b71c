import type { EndpointId, Slug } from "../../ids.ts";
import type { StoredReach, TableAccess } from "../../table_reach.ts";
import { Visible } from "../components/visible_text.tsx";
import { Choices } from "../components/form.tsx";
import { formatNumber } from "../components/pieces.tsx";
import type { FormFields } from "../form_data.ts";

/** An endpoint with the tables that can be chosen of it. */
export interface TableChoices {
  readonly id: EndpointId;
  readonly slug: Slug;
  readonly name: string;
  readonly tables: readonly string[];
}

/** Names of the fields for one endpoint. */
const fieldsOf = ({ slug }: TableChoices) => ({
  mode: `tables.${slug}`,
  read: `tables.${slug}.read`,
  write: `tables.${slug}.write`,
});

/** What was typed of tables: by the endpoints' ids, null for all tables; or what is wrong with it. */
export type TypedReach =
  | { readonly ok: true; readonly tables: Readonly<Record<string, StoredReach | null>> }
  | { readonly ok: false; readonly fault: string };

/**
 * Reads which tables were chosen of some endpoints. A table that is ticked bounds, whatever else is said:
 * nothing is reached whole by mistake.
 */
export function typedReach(form: FormFields, endpoints: readonly TableChoices[]): TypedReach {
  const tables: Record<string, StoredReach | null> = {};
  for (const endpoint of endpoints) {
    const fields = fieldsOf(endpoint);
    const known = (names: readonly string[]) =>
      names.filter((name) => endpoint.tables.includes(name));
    const chosen: Record<string, TableAccess> = {};
    for (const name of known(form.getAll(fields.read))) chosen[name] = "read";
    for (const name of known(form.getAll(fields.write))) chosen[name] = "write";
    if (Object.keys(chosen).length > 0) tables[endpoint.id] = chosen;
    else if (form.get(fields.mode) === "chosen") {
      return { ok: false, fault: `Tick at least one table of ${endpoint.name}, or choose all.` };
    } else if (form.get(fields.mode) === "all") tables[endpoint.id] = null;
  }
  return { ok: true, tables };
}

/** The fields as they stand for reaches that hold already. */
export function shownReach(
  endpoints: readonly TableChoices[],
  reaches: ReadonlyMap<EndpointId, { readonly tables: StoredReach | null }>,
): URLSearchParams {
  const form = new URLSearchParams();
  for (const endpoint of endpoints) {
    const reach = reaches.get(endpoint.id)?.tables;
    if (!reach) continue;
    const fields = fieldsOf(endpoint);
    form.set(fields.mode, "chosen");
    for (const [name, access] of Object.entries(reach)) form.append(fields[access], name);
  }
  return form;
}

function summaryOf(endpoint: TableChoices, typed: FormFields): string {
  const { read, write } = fieldsOf(endpoint);
  const count = new Set([...typed.getAll(read), ...typed.getAll(write)]).size;
  return count > 0 ? `${count} of ${formatNumber(endpoint.tables.length, "table")}` : "All tables";
}

function EndpointTables({ endpoint, typed }: { endpoint: TableChoices; typed: FormFields }) {
  const fields = fieldsOf(endpoint);
  const chosen = typed.get(fields.mode) === "chosen";
  const options = endpoint.tables.map((name) => ({
    value: name,
    label: (
      <code>
        <Visible text={name} />
      </code>
    ),
  }));
  return (
    <details open={chosen}>
      <summary>
        <Visible text={endpoint.name} />
        <span class="aside">{summaryOf(endpoint, typed)}</span>
      </summary>
      <div class="stack">
        <Choices
          name={fields.mode}
          legend={`Tables of ${endpoint.name}`}
          type="radio"
          chosen={[chosen ? "chosen" : "all"]}
          options={[
            {
              value: "all",
              label: "All tables",
              hint: "Also those that are imported later and open.",
            },
            { value: "chosen", label: "Only the tables ticked below" },
          ]}
        />
        <Choices
          name={fields.read}
          legend={`May read in ${endpoint.name}`}
          type="checkbox"
          chosen={typed.getAll(fields.read)}
          pairs
          options={options}
        />
        <Choices
          name={fields.write}
          legend={`May read and change in ${endpoint.name}`}
          hint="As far as its permissions and the endpoint allow changes at all."
          type="checkbox"
          chosen={typed.getAll(fields.write)}
          pairs
          options={options}
        />
      </div>
    </details>
  );
}

/** The choice of tables for each endpoint: all of them, unless the person chooses. */
export function TableReachFields(
  { endpoints, typed, error }: {
    endpoints: readonly TableChoices[];
    /** What was typed, or what holds today. */
    typed: FormFields;
    error?: string | undefined;
  },
) {
  const shown = endpoints.filter(({ tables }) => tables.length > 0);
  if (shown.length === 0) return null;
  return (
    <div class="field">
      <span class="hint">
        It sees nothing of the tables that are left out: not in answers, not in the schema, not in
        the activity log.
      </span>
      {error && <span class="error" id="field-tables-error">{error}</span>}
      <div class="leaves">
        {shown.map((endpoint) => (
          <EndpointTables key={endpoint.slug} endpoint={endpoint} typed={typed} />
        ))}
      </div>
    </div>
  );
}

/** The tables of one endpoint that something reaches, in words. */
export function ReachedTables({ tables }: { tables: StoredReach }) {
  return (
    <>
      {Object.entries(tables).map(([name, access], index) => (
        <span key={name}>
          {index > 0 && ", "}
          <code>
            <Visible text={name} />
          </code>
          {access === "read" ? " (read)" : " (read and change)"}
        </span>
      ))}
    </>
  );
}
