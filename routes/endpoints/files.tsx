import { cleanFileName, DuplicateFile, startIngest } from "../../lib/ingest/mod.ts";
import { readManifest } from "../../lib/tools/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { FileForm, memberPage, type MemberRequest, PageHead } from "../../lib/web/mod.ts";
import { enterPage } from "./enter.ts";

type LoadChoice = { readonly mode: "create" | "append" | "replace"; readonly table?: string };

async function show(page: MemberRequest, entered: EndpointScope, fault?: string) {
  const { slug, name } = entered.endpoint;
  const { tables } = await readManifest(page.services, entered);
  return page.render(
    { title: `Add a file to ${name}`, section: "endpoints" },
    <>
      <PageHead
        title="Add a file"
        crumbs={[
          { href: "/endpoints", label: "Endpoints" },
          { href: `/endpoints/${slug}`, label: name },
        ]}
      />
      <FileForm
        action={`/endpoints/${slug}/files`}
        button="Load file"
        tables={tables.map((table) => table.name)}
        error={fault}
      />
    </>,
    fault ? 422 : 200,
  );
}

/** Where a file goes: `append:` or `replace:` and a table; a table of its own; null for anything else. */
function optionsOf(target: string | null): LoadChoice | null {
  if (!target) return { mode: "create" };
  const [, mode, table] = /^(append|replace):(.+)$/.exec(target) ?? [];
  return table ? { mode: mode as "append" | "replace", table } : null;
}

/** `/endpoints/{slug}/files`: hands a further file in, as a table of its own or to one that is there. */
export const filesPage = memberPage("/endpoints/:slug/files", {
  get: async (page) => show(page, await enterPage(page)),
  async upload(page, { fields, file }) {
    const entered = await enterPage(page);
    const path = `/endpoints/${entered.endpoint.slug}/ingests`;
    const fileName = file && cleanFileName(file.name);
    if (!fileName) return await show(page, entered, "Choose a file first.");
    const options = optionsOf(fields.get("target"));
    if (!options) return await show(page, entered, "Choose where the file goes.");
    try {
      const ingest = await startIngest(page.services, entered, {
        fileName,
        body: file.stream,
        options,
        allowDuplicate: fields.get("again") === "yes",
      });
      return page.redirect(`${path}/${ingest.id}`);
    } catch (error) {
      if (!(error instanceof DuplicateFile)) throw error;
      return page.redirect(`${path}/${error.earlier.id}`, "already_loaded");
    }
  },
});
