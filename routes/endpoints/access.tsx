import { z } from "zod";
import { may } from "../../lib/auth/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { readRules, setWrites } from "../../lib/tools/mod.ts";
import {
  checkForm,
  Compartment,
  EmptyState,
  Hold,
  memberPage,
  NewTablesForm,
  PageHead,
  RulesTable,
  WaitingTables,
  WritesForm,
} from "../../lib/web/mod.ts";
import { enterPage } from "./enter.ts";
import { unopenedIn } from "./unopened.ts";

/** `/endpoints/{slug}/access`: whether agents may change rows, and what they see of each table. */
export const accessPage = memberPage("/endpoints/:slug/access", {
  async get(page) {
    const scope = await enterPage(page);
    const { endpoint } = scope;
    const { role } = page.session;
    const path = `/endpoints/${endpoint.slug}`;
    const tables = await readRules(page.services, scope);
    const unopened = await unopenedIn(page.services, scope);
    return page.render(
      { title: `Access to ${endpoint.name}`, section: "endpoints" },
      <>
        <PageHead
          title="Access"
          crumbs={[
            { href: "/endpoints", label: "Endpoints" },
            { href: path, label: endpoint.name },
          ]}
          lead="What agents see of this endpoint, and whether they may change it."
        />
        <Hold>
          <Compartment
            id="writes"
            title="Writing"
            about="Every change is kept with who made it, and can be taken back."
          >
            <WritesForm
              path={path}
              endpoint={endpoint}
              manages={may(role, "writes:change")}
              stops={may(role, "endpoints:change")}
            />
          </Compartment>
          <Compartment
            id="new-tables"
            title="New tables"
            about="Whether agents that reach all tables see a table that is imported later."
          >
            {unopened && unopened.tables.length > 0 && (
              <WaitingTables path={path} manages={may(role, "rules:write")} {...unopened} />
            )}
            <NewTablesForm
              path={path}
              newTables={endpoint.settings.newTables}
              manages={may(role, "rules:write")}
            />
          </Compartment>
          <Compartment
            id="rules"
            title="Field rules"
            about="Columns and rows that agents never see, and what they may do in each table. The database enforces them."
          >
            {tables.length
              ? (
                <RulesTable
                  path={path}
                  tables={tables}
                  waiting={unopened?.tables.map(({ name }) => name) ?? []}
                  writes={endpoint.settings.writes}
                  manages={may(role, "rules:write")}
                />
              )
              : (
                <EmptyState title="No tables yet">
                  Once a file is loaded, its tables stand here.
                </EmptyState>
              )}
          </Compartment>
        </Hold>
      </>,
    );
  },
});

const asked = z.object({ writes: z.enum(["off", "review", "direct"]) });

/** `/endpoints/{slug}/writes`: turns writing by agents on, after the person has been asked again. */
export const writesPage = memberPage("/endpoints/:slug/writes", {
  async post(page, form) {
    const scope = await enterPage(page);
    const checked = checkForm(form, asked);
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", "Choose how agents may change rows.");
    await setWrites(page.services, scope, checked.values.writes);
    return page.redirect(`/endpoints/${scope.endpoint.slug}/access`, "settings_saved");
  },
});

/** `/endpoints/{slug}/writes/off`: turns it off, which nobody is asked twice for. */
export const writesOffPage = memberPage("/endpoints/:slug/writes/off", {
  async post(page) {
    const scope = await enterPage(page);
    await setWrites(page.services, scope, "off");
    return page.redirect(`/endpoints/${scope.endpoint.slug}/access`, "writes_stopped");
  },
});
