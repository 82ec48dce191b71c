import { z } from "zod";
import { authorize } from "../../lib/auth/mod.ts";
import { listEndpoints } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { ABILITIES, ROW_WRITES } from "../../lib/principal.ts";
import { mintToken, type TokenRequest } from "../../lib/tokens/mod.ts";
import {
  checkForm,
  displayName,
  type FormFields,
  memberPage,
  type MemberRequest,
  TokenForm,
} from "../../lib/web/mod.ts";

const schema = z.object({
  name: displayName,
  abilities: z.array(z.enum(ABILITIES)).min(1, "Choose at least one."),
  reach: z.enum(["some", "all"], "Choose what the token reaches."),
  endpoints: z.array(z.string()),
  expires: z.union([z.literal(""), z.iso.date("Type a date.")]).default(""),
});

/** The last moment of a day in UTC: the day that was chosen is still covered. */
const endOfDay = (date: string) => new Date(`${date}T23:59:59Z`);

type Faults = Readonly<Record<string, string>>;

async function show(page: MemberRequest, typed: FormFields, faults: Faults = {}) {
  const endpoints = await listEndpoints(page.services, page.scope);
  const today = new Date(page.services.clock.now()).toISOString().slice(0, 10);
  return page.render(
    { title: "New token", section: "tokens" },
    <TokenForm endpoints={endpoints} typed={typed} faults={faults} today={today} />,
    Object.keys(faults).length ? 422 : 200,
  );
}

/** `/tokens/new`: mints a token. From an endpoint's page (`?endpoint=slug`) it is bound to that one. */
export const newTokenPage = memberPage("/tokens/new", {
  get(page) {
    const bound = page.url.searchParams.get("endpoint");
    const typed = new URLSearchParams(bound ? { reach: "some", endpoints: bound } : {});
    return show(page, typed);
  },
  async post(page, form) {
    const checked = checkForm(form, schema, ["abilities", "endpoints"]);
    if (!checked.ok) return await show(page, form, checked.faults);
    const { name, abilities, reach, endpoints, expires } = checked.values;
    const own = await listEndpoints(page.services, page.scope);
    const chosen = own.filter(({ slug }) => endpoints.includes(slug));
    if (reach === "some" && (!chosen.length || chosen.length < new Set(endpoints).size)) {
      return await show(page, form, { endpoints: "Choose at least one of your endpoints." });
    }
    // A token that can change things outlives the browser it was made in: whose hand is it?
    if (abilities.some((ability) => !ability.endsWith(":read"))) {
      authorize(page.session, "tokens:mint_writing", page.services.clock.now());
    }
    const request: TokenRequest = {
      name,
      abilities,
      scope: abilities.some((one) => ROW_WRITES.includes(one)) ? "mcp:write" : "mcp",
      endpoints: reach === "all" ? "all" : chosen.map(({ id }) => id),
      expiresAt: expires ? endOfDay(expires) : null,
    };
    try {
      const minted = await mintToken(page.services, page.scope, request);
      await page.showOnce(JSON.stringify({ token: minted.token, id: minted.view.id }));
    } catch (error) {
      // What is left for it to refuse after the schema is the expiry.
      if (!(error instanceof AppError) || error.code !== "INVALID_ARGUMENTS") throw error;
      return await show(page, form, { expires: error.detail ?? error.kind.next });
    }
    return page.redirect("/tokens/minted");
  },
});
