import { withEndpoint } from "../endpoints/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { type Reject, type RuledColumns, selectRuledColumns } from "./endpoint_store.ts";
import type { IngestView } from "./ingest.ts";
import type { TableReport } from "./load/mod.ts";

/** Field rules by table, as far as they bind who asks. */
export type Rules = ReadonlyMap<string, RuledColumns>;

const NO_RULES: Rules = new Map();

/** The rules that bind a credential; people with a session own the data and are bound by none. */
export function rulesFor(services: Services, scope: EndpointScope): Promise<Rules> {
  if (scope.principal.tokenId === null) return Promise.resolve(NO_RULES);
  return withEndpoint(services, scope, "owner", selectRuledColumns);
}

function ruledTable(table: TableReport, rules: Rules): TableReport {
  const hides = (of: string, column: string) => rules.get(of)?.hidden.includes(column) === true;
  return {
    ...table,
    columns: table.columns.filter(({ name }) => !hides(table.name, name)),
    // A key of which a part is hidden is not told: what is left of it is none.
    primaryKey: table.primaryKey.some((name) => hides(table.name, name)) ? [] : table.primaryKey,
    foreignKeys: table.foreignKeys.filter(({ column, references }) =>
      !hides(table.name, column) && !hides(references.table, references.column)
    ),
  };
}

/** An import as the rules of now let a credential see it. */
export function ruledView(view: IngestView, rules: Rules): IngestView {
  const { report } = view;
  if (!report || rules.size === 0) return view;
  const named = report.tables.flatMap(({ name, columns }) =>
    columns.filter((column) => rules.get(name)?.hidden.includes(column.name))
      .flatMap((column) => [column.name, column.original])
  ).filter(Boolean);
  return {
    ...view,
    report: {
      ...report,
      tables: report.tables.map((table) => ruledTable(table, rules)),
      warnings: report.warnings.filter((text) => !named.some((name) => text.includes(name))),
    },
  };
}

/**
 * A rejected row as the rules of now let a credential see it. The row's text holds every column, and why it
 * was rejected may tell of a value: of a table with rules neither is told.
 */
export function ruledReject(reject: Reject, rules: Rules): Reject {
  const ruled = rules.get(reject.table);
  return ruled && (ruled.hidden.length > 0 || ruled.filtered)
    ? { ...reject, reason: "the field rules hide this row", raw: "" }
    : reject;
}
