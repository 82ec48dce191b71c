import type { RuledColumn, RuledTable, TableRules } from "../../tools/mod.ts";
import { Button, ButtonLink, Choices, Form } from "../components/form.tsx";
import { Compartment, Hold } from "../components/layout.tsx";
import { Badge, type Column, formatCount, Notice, Table } from "../components/pieces.tsx";
import { accessOf, type ColumnAccess, type EditedFilter, LINE_OPS } from "./rules_form.ts";
import { Visible } from "../components/visible_text.tsx";

const ACCESS_TEXT: Readonly<Record<ColumnAccess, string>> = {
  write: "Read and write",
  read: "Read only",
  hidden: "Hidden",
};

/** What the form about one table shows. */
export interface RulesFormProps {
  readonly action: string;
  readonly back: string;
  readonly table: RuledTable;
  /** What is ticked: the table's own rules, or what was typed last. */
  readonly rules: TableRules;
  readonly filter: EditedFilter;
  readonly fault?: string | undefined;
  /** Rows that the filter leaves; null where counting takes long. */
  readonly rows: { readonly visible: number; readonly total: number } | null;
  /** Whether this shows what was typed, which is not saved yet. */
  readonly preview: boolean;
}

const columnsOf = ({ table, rules }: RulesFormProps): Column<RuledColumn>[] => [
  {
    head: "Column",
    cell: ({ name, type }) => (
      <>
        <span class="row">
          <code>
            <Visible text={name} />
          </code>
          {table.primaryKey.includes(name) && <Badge tone="accent">Primary key</Badge>}
        </span>
        <span class="hint">{type}</span>
      </>
    ),
  },
  {
    head: "Agents may",
    cell: ({ name, generated }) => {
      const access = accessOf(rules, name);
      const options: ColumnAccess[] = generated ? ["read", "hidden"] : ["write", "read", "hidden"];
      const chosen = generated && access === "write" ? "read" : access;
      return (
        <>
          <input type="hidden" name="column" value={name} />
          <select class="input" name="access" aria-label={`What agents may do with ${name}`}>
            {options.map((value) => (
              <option key={value} value={value} selected={value === chosen}>
                {ACCESS_TEXT[value]}
              </option>
            ))}
          </select>
        </>
      );
    },
  },
];

function FilterLines({ table, filter }: RulesFormProps) {
  const blanks = Math.max(1, 2 - filter.lines.length);
  const lines = [
    ...filter.lines,
    ...Array.from({ length: blanks }, () => ({ column: "", op: "eq", value: "" })),
  ];
  return (
    <ol class="filter-lines" aria-label="Conditions; all of them must hold">
      {lines.map((line, index) => (
        <li key={index}>
          <select
            class="input"
            name="filter_column"
            aria-label={`Column of condition ${index + 1}`}
          >
            <option value="">No condition</option>
            {table.columns.map(({ name }) => (
              <option key={name} value={name} selected={name === line.column}>{name}</option>
            ))}
          </select>
          <select
            class="input"
            name="filter_op"
            aria-label={`Comparison of condition ${index + 1}`}
          >
            {Object.entries(LINE_OPS).map(([value, label]) => (
              <option key={value} value={value} selected={value === line.op}>{label}</option>
            ))}
          </select>
          <input
            class="input"
            name="filter_value"
            aria-label={`Value of condition ${index + 1}`}
            value={line.value}
          />
        </li>
      ))}
    </ol>
  );
}

function RowsLeft({ rows, preview }: Pick<RulesFormProps, "rows" | "preview">) {
  if (!rows) return <p class="small soft">Counting the rows that stay visible takes too long.</p>;
  const { visible, total } = rows;
  return (
    <p role="status">
      <strong>{formatCount(visible)}</strong> of {formatCount(total)} {total === 1 ? "row" : "rows"}
      {" "}
      {preview ? "would stay" : "are"} visible to agents.
    </p>
  );
}

/** The form that says what agents see and may do in one table. */
export function RulesForm(props: RulesFormProps) {
  const { action, back, table, rules, filter, fault, preview } = props;
  const operations = (["insert", "update", "delete"] as const).filter((name) => rules[name]);
  return (
    <>
      {fault && <Notice tone="danger" title="Nothing was saved">{fault}</Notice>}
      {preview && !fault && (
        <Notice tone="info" title="This is not saved yet">
          Save the rules to make it so.
        </Notice>
      )}
      <Form action={action}>
        <Hold>
          <Compartment
            id="columns"
            title="Columns"
            about="A hidden column is nowhere: not in answers, filters, orders, joins, totals, errors, the journal or exports. The database itself refuses it."
          >
            <Table caption="Columns" columns={columnsOf(props)} rows={table.columns} />
          </Compartment>
          <Compartment
            id="rows"
            title="Rows"
            about="Rows outside are not there for agents: not listed, counted, joined or changed, and none can be added or moved outside."
          >
            {!fault && <RowsLeft {...props} />}
            <p class="small soft">
              Agents see the rows for which every condition holds. Counting the rows adds a line for
              another.
            </p>
            <FilterLines {...props} />
            <details open={filter.json !== ""}>
              <summary>More, as JSON</summary>
              <div class="field">
                <label for="field-filter_json">Filter that must hold as well</label>
                <span class="hint" id="field-filter_json-hint">
                  In the language of the tools:{" "}
                  <code>{'{"or": [{"column": "country", "op": "eq", "value": "NO"}, …]}'}</code>
                </span>
                <textarea
                  class="input code"
                  id="field-filter_json"
                  name="filter_json"
                  rows={filter.json ? Math.min(12, filter.json.split("\n").length + 1) : 3}
                  spellcheck={false}
                  aria-describedby="field-filter_json-hint"
                >
                  {filter.json}
                </textarea>
              </div>
            </details>
            <div class="row">
              <Button name="do" value="preview">Count the rows</Button>
            </div>
          </Compartment>
          <Compartment
            id="operations"
            title="Changes"
            about="What agents may do where this endpoint takes writes at all."
          >
            {table.primaryKey.length === 0 && (
              <Notice tone="info">
                This table has no primary key, so agents only read it, whatever is ticked.
              </Notice>
            )}
            <Choices
              name="operations"
              legend="Agents may"
              type="checkbox"
              chosen={operations}
              options={[
                { value: "insert", label: "Add rows" },
                { value: "update", label: "Change rows", hint: "Never the primary key." },
                { value: "delete", label: "Delete rows" },
              ]}
            />
          </Compartment>
        </Hold>
        <div class="row">
          <Button tone="primary" name="do" value="save">Save rules</Button>
          <ButtonLink href={back}>Cancel</ButtonLink>
        </div>
      </Form>
    </>
  );
}
