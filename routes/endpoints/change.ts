import { z } from "zod";
import { changeEndpoint, deleteEndpoint } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { declareForeignKey } from "../../lib/ingest/mod.ts";
import { carryRest } from "../../lib/journal/mod.ts";
import { displayName } from "../../lib/text/mod.ts";
import { rebuildManifest } from "../../lib/tools/mod.ts";
import { checkForm, memberPage } from "../../lib/web/mod.ts";
import { enterPage } from "./enter.ts";

/** `/endpoints/{slug}/rebuild`: reads the schema again and makes the tools anew. */
export const rebuildPage = memberPage("/endpoints/:slug/rebuild", {
  async post(page) {
    const scope = await enterPage(page);
    await rebuildManifest(page.services, scope, "by hand");
    return page.redirect(`/endpoints/${scope.endpoint.slug}`, "manifest_rebuilt");
  },
});

/** `/endpoints/{slug}/delete`: the endpoint, its database and everything in it. */
export const deletePage = memberPage("/endpoints/:slug/delete", {
  async post(page) {
    await deleteEndpoint(page.services, await enterPage(page), carryRest);
    return page.redirect("/endpoints", "endpoint_deleted");
  },
});

// Table and column as the form's options spell them.
const place = z.string().transform((text, ctx) => {
  try {
    return z.tuple([z.string(), z.string()]).parse(JSON.parse(text));
  } catch {
    ctx.addIssue({ code: "custom", message: "Choose two columns." });
    return z.NEVER;
  }
});

/** `/endpoints/{slug}/foreign-keys`: declares a link between two columns. */
export const foreignKeyPage = memberPage("/endpoints/:slug/foreign-keys", {
  async post(page, form) {
    const { services } = page;
    const scope = await enterPage(page);
    const checked = checkForm(form, z.object({ from: place, to: place }));
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", "Choose two columns.");
    const [table, column] = checked.values.from;
    const [toTable, toColumn] = checked.values.to;
    await declareForeignKey(
      services,
      scope,
      { table, column, references: { table: toTable, column: toColumn } },
      (changed) => rebuildManifest(services, changed, "foreign key declared").then(() => {}),
    );
    return page.redirect(`/endpoints/${scope.endpoint.slug}`, "foreign_key_declared");
  },
});

const settings = z.object({
  name: displayName,
  text_format: z.enum(["compact", "json"]),
  public_llms_txt: z.literal("yes").optional(),
});

/** `/endpoints/{slug}/settings`: its name, and what a tenant may set for it. */
export const settingsPage = memberPage("/endpoints/:slug/settings", {
  async post(page, form) {
    const scope = await enterPage(page);
    const checked = checkForm(form, settings);
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", Object.values(checked.faults)[0]);
    const { name, text_format, public_llms_txt } = checked.values;
    await changeEndpoint(page.services, scope, {
      name,
      textFormat: text_format,
      publicLlmsTxt: public_llms_txt === "yes",
    });
    return page.redirect(`/endpoints/${scope.endpoint.slug}`, "settings_saved");
  },
});
