import { z } from "zod";
import { changeEndpoint } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { openTable } from "../../lib/tools/mod.ts";
import { checkForm, memberPage } from "../../lib/web/mod.ts";
import { enterPage } from "./enter.ts";

/** `/endpoints/{slug}/tables/open`: opens a table that waits to who reaches all tables. */
export const openTablePage = memberPage("/endpoints/:slug/tables/open", {
  async post(page, form) {
    const scope = await enterPage(page);
    const checked = checkForm(form, z.object({ table: z.string().min(1).max(63) }));
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", "Choose a table.");
    await openTable(page.services, scope, checked.values.table);
    return page.redirect(`/endpoints/${scope.endpoint.slug}`, "table_opened");
  },
});

const asked = z.object({ new_tables: z.enum(["auto", "wait", "open"]) });

/** `/endpoints/{slug}/new-tables`: whether tables that are imported later are open or wait. */
export const newTablesPage = memberPage("/endpoints/:slug/new-tables", {
  async post(page, form) {
    const scope = await enterPage(page);
    const checked = checkForm(form, asked);
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", "Choose what becomes of new tables.");
    await changeEndpoint(page.services, scope, { newTables: checked.values.new_tables });
    return page.redirect(`/endpoints/${scope.endpoint.slug}/access`, "settings_saved");
  },
});
