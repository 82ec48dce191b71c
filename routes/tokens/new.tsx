import { z } from "zod";
import { authorize } from "../../lib/auth/mod.ts";
import { listEndpoints } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { parseNetwork } from "../../lib/http/mod.ts";
import { ABILITIES, changesThings, ROW_WRITES } from "../../lib/principal.ts";
import { displayName } from "../../lib/text/mod.ts";
import {
  MAX_CALLS_PER_MINUTE,
  MAX_NETWORKS,
  mintToken,
  type TokenRequest,
} from "../../lib/tokens/mod.ts";
import {
  checkForm,
  formatCount,
  type FormFields,
  memberPage,
  type MemberRequest,
  TokenForm,
  typedReach,
} from "../../lib/web/mod.ts";
import { tableChoices } from "./table_choices.ts";

/** What was typed into the box, one network a line or set apart by commas. */
const networks = z.string().default("").transform((text, ctx) => {
  const typed = text.split(/[\s,]+/).filter((word) => word !== "");
  if (typed.length > MAX_NETWORKS) {
    ctx.addIssue({ code: "custom", message: `Name ${MAX_NETWORKS} networks at most.` });
  }
  const fault = typed.find((word) => parseNetwork(word) === null);
  if (fault !== undefined) {
    ctx.addIssue({
      code: "custom",
      message: `“${fault.slice(0, 60)}” is no address and no range such as 192.0.2.0/24.`,
    });
  }
  return typed;
});

const CALLS = `Type a whole number from 1 to ${formatCount(MAX_CALLS_PER_MINUTE)}, or nothing.`;

const calls = z.string().default("").transform((text) => text.trim())
  .refine((text) => /^\d{0,6}$/.test(text), CALLS)
  .transform((text) => text === "" ? null : Number(text))
  .refine((count) => count === null || count > 0 && count <= MAX_CALLS_PER_MINUTE, CALLS);

const schema = z.object({
  name: displayName,
  scope: z.enum(["mcp", "mcp:write"], "Choose how far it may go.").default("mcp"),
  abilities: z.array(z.enum(ABILITIES)).min(1, "Choose at least one."),
  reach: z.enum(["some", "all"], "Choose what the token reaches."),
  endpoints: z.array(z.string()),
  expires: z.union([z.literal(""), z.iso.date("Type a date.")]).default(""),
  networks,
  calls_per_minute: calls,
  review: z.literal("yes").optional(),
});

/** The last moment of a day in UTC: the day that was chosen is still covered. */
const endOfDay = (date: string) => new Date(`${date}T23:59:59Z`);

type Faults = Readonly<Record<string, string>>;

async function show(page: MemberRequest, typed: FormFields, faults: Faults = {}) {
  const endpoints = await listEndpoints(page.services, page.scope);
  const tables = await tableChoices(page.services, page.scope);
  const today = new Date(page.services.clock.now()).toISOString().slice(0, 10);
  return page.render(
    { title: "New token", section: "tokens" },
    <TokenForm endpoints={endpoints} typed={typed} faults={faults} today={today} tables={tables} />,
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
    const { name, scope, abilities, reach, endpoints, expires } = checked.values;
    if (scope === "mcp" && abilities.some((one) => ROW_WRITES.includes(one))) {
      return await show(page, form, {
        scope: "Choose “Read and write”, or untick what adds, changes or deletes rows.",
      });
    }
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
    // A token that can change things outlives the browser it was made in: whose hand is it?
    if (abilities.some(changesThings)) {
      authorize(page.session, "tokens:mint_writing", page.services.clock.now());
    }
    const request: TokenRequest = {
      name,
      abilities,
      scope,
      endpoints: reach === "all" ? "all" : chosen.map(({ id }) => id),
      tables,
      expiresAt: expires ? endOfDay(expires) : null,
      networks: checked.values.networks,
      callsPerMinute: checked.values.calls_per_minute,
      review: checked.values.review === "yes",
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
