import { authorize, may } from "../../lib/auth/mod.ts";
import { listEndpoints } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { changesThings, ROW_WRITES } from "../../lib/principal.ts";
import { mintToken, type TokenRequest } from "../../lib/tokens/mod.ts";
import {
  checkForm,
  type FormFields,
  memberPage,
  type MemberRequest,
  TokenForm,
  typedReach,
} from "../../lib/web/mod.ts";
import { expiryOf, type Faults, permissionsOf, tokenFields } from "./chosen.ts";
import { tableChoices } from "./table_choices.ts";

async function show(page: MemberRequest, typed: FormFields, faults: Faults = {}) {
  const endpoints = await listEndpoints(page.services, page.scope);
  const tables = await tableChoices(page.services, page.scope);
  const today = new Date(page.services.clock.now()).toISOString().slice(0, 10);
  return page.render(
    { title: "Create token", section: "tokens" },
    <TokenForm
      endpoints={endpoints}
      typed={typed}
      faults={faults}
      today={today}
      tables={tables}
      mayShare={may(page.session.role, "tokens:share")}
    />,
    Object.keys(faults).length ? 422 : 200,
  );
}

/** `/tokens/new`: creates a token. From an endpoint's page (`?endpoint=slug`) it is bound to that one. */
export const newTokenPage = memberPage("/tokens/new", {
  get(page) {
    const bound = page.url.searchParams.get("endpoint");
    const typed = new URLSearchParams(bound ? { reach: "some", endpoints: bound } : {});
    return show(page, typed);
  },
  async post(page, form) {
    const checked = checkForm(form, tokenFields, ["abilities", "endpoints"]);
    if (!checked.ok) return await show(page, form, checked.faults);
    const { name, reach, endpoints, team } = checked.values;
    const permissions = permissionsOf(checked.values);
    if ("faults" in permissions) return await show(page, form, permissions.faults);
    const expiresAt = expiryOf(checked.values, page.services.clock.now());
    if (expiresAt && "faults" in expiresAt) return await show(page, form, expiresAt.faults);
    const { abilities } = permissions;
    const own = await listEndpoints(page.services, page.scope);
    const chosen = own.filter(({ slug }) => endpoints.includes(slug));
    if (reach === "some" && (!chosen.length || chosen.length < new Set(endpoints).size)) {
      return await show(page, form, { endpoints: "Choose at least one of your endpoints." });
    }
    const offered = (await tableChoices(page.services, page.scope))
      .filter(({ id }) => reach === "all" || chosen.some((one) => one.id === id));
    const typed = typedReach(form, offered);
    if (!typed.ok) return await show(page, form, { tables: typed.fault });
    const tables = Object.fromEntries(
      Object.entries(typed.tables).flatMap(([id, of]) => of ? [[id, of]] : []),
    );
    if (reach === "all" && Object.keys(tables).length > 0) {
      return await show(page, form, {
        tables: "Tables can be chosen only where the token reaches endpoints that are ticked.",
      });
    }
    // What reaches everything does so with endpoints that are created later, too.
    if (reach === "all") authorize(page.session, "tokens:mint_all", page.services.clock.now());
    if (team) authorize(page.session, "tokens:share", page.services.clock.now());
    // A token that can change things outlives the browser it was made in: whose hand is it?
    if (abilities.some(changesThings)) {
      authorize(page.session, "tokens:mint_writing", page.services.clock.now());
    }
    const request: TokenRequest = {
      name,
      ...permissions,
      scope: abilities.some((one) => ROW_WRITES.includes(one)) ? "mcp:write" : "mcp",
      endpoints: reach === "all" ? "all" : chosen.map(({ id }) => id),
      tables,
      expiresAt,
      networks: checked.values.networks,
      callsPerMinute: checked.values.calls_per_minute,
      team: team === "yes",
    };
    try {
      const minted = await mintToken(page.services, page.scope, request);
      await page.showOnce(JSON.stringify({ token: minted.token, id: minted.view.id }));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "INVALID_ARGUMENTS") throw error;
      if (Object.keys(tables).length && abilities.includes("api:endpoints:write")) {
        return await show(page, form, { tables: error.detail ?? error.kind.next });
      }
      // What else is left for it to refuse after the schema is the expiry.
      return await show(page, form, { expires: error.detail ?? error.kind.next });
    }
    return page.redirect("/tokens/minted");
  },
});
