import { AppError } from "../../lib/errors.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  previewRows,
  readTableRules,
  type RuledTable,
  setRules,
  type TableRules,
} from "../../lib/tools/mod.ts";
import {
  type EditedFilter,
  editFilter,
  joinFilter,
  memberPage,
  type MemberRequest,
  PageHead,
  RulesForm,
  typedFilter,
  typedRules,
} from "../../lib/web/mod.ts";
import { enterPage } from "./enter.ts";

interface Shown {
  readonly table: RuledTable;
  readonly rules: TableRules;
  readonly filter: EditedFilter;
  readonly rows: { visible: number; total: number } | null;
  readonly preview: boolean;
  readonly fault?: string;
}

function show(page: MemberRequest, { endpoint }: EndpointScope, shown: Shown): Response {
  const path = `/endpoints/${endpoint.slug}`;
  const { name } = shown.table;
  return page.render(
    { title: `Rules of ${name}`, section: "endpoints" },
    <>
      <PageHead
        title={name}
        crumbs={[
          { href: "/endpoints", label: "Endpoints" },
          { href: path, label: endpoint.name },
          { href: `${path}/access`, label: "Access" },
        ]}
        lead="What agents see of this table, and what they may change in it."
      />
      <RulesForm
        {...shown}
        action={`${path}/access/${encodeURIComponent(name)}`}
        back={`${path}/access`}
      />
    </>,
    shown.fault ? 422 : 200,
  );
}

/** Faults of what was typed, told on the page that it was typed on. */
const TOLD: ReadonlySet<string> = new Set(["INVALID_ARGUMENTS", "UNKNOWN_COLUMN", "UNAVAILABLE"]);

async function enterTable(page: MemberRequest) {
  const scope = await enterPage(page);
  try {
    return { scope, table: await readTableRules(page.services, scope, page.param("table")) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "UNKNOWN_TABLE") throw error;
    throw new AppError("NOT_FOUND", "This endpoint has no such table.", { cause: error });
  }
}

/** `/endpoints/{slug}/access/{table}`: what agents see and may do in one table. */
export const rulesPage = memberPage("/endpoints/:slug/access/:table", {
  async get(page) {
    const { scope, table } = await enterTable(page);
    const { rules, name } = table;
    const rows = await previewRows(page.services, scope, name, rules.rowFilter);
    const filter = editFilter(rules.rowFilter);
    return show(page, scope, { table, rules, filter, rows, preview: false });
  },
  async post(page, form) {
    const { services } = page;
    const { scope, table } = await enterTable(page);
    const typed = typedRules(form, table);
    const filter = typedFilter(form);
    const preview = form.get("do") === "preview";
    const shown = { table, rules: typed, filter, rows: null, preview };
    try {
      const rules = { ...typed, rowFilter: joinFilter(filter) };
      if (preview) {
        const rows = await previewRows(services, scope, table.name, rules.rowFilter);
        return show(page, scope, { ...shown, rows });
      }
      await setRules(services, scope, table.name, rules);
    } catch (error) {
      if (!(error instanceof AppError) || !TOLD.has(error.code)) throw error;
      return show(page, scope, { ...shown, fault: error.message });
    }
    return page.redirect(`/endpoints/${scope.endpoint.slug}/access`, "rules_saved");
  },
});
