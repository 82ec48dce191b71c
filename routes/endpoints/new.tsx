import { createEndpoint, deleteEndpoint } from "../../lib/endpoints/mod.ts";
import { cleanFileName, startIngest } from "../../lib/ingest/mod.ts";
import { carryRest } from "../../lib/journal/mod.ts";
import { displayName } from "../../lib/text/mod.ts";
import { FileForm, memberPage, type MemberRequest, PageHead } from "../../lib/web/mod.ts";

function show(page: MemberRequest, fault?: string): Response {
  return page.render(
    { title: "New endpoint", section: "endpoints" },
    <>
      <PageHead
        title="New endpoint"
        crumbs={[{ href: "/endpoints", label: "Endpoints" }]}
        lead="Columns, types, keys and links are found in the file. You see all of it before an agent does."
      />
      <FileForm action="/endpoints/new" button="Create endpoint" askName error={fault} />
    </>,
    fault ? 422 : 200,
  );
}

/** The name that was typed, or else the file's without its ending. */
function endpointName(typed: string | null, fileName: string): string {
  const stem = fileName.replace(/(?<=.)\.\w{1,10}$/, "").slice(0, 200);
  return displayName.safeParse(typed).data ?? stem;
}

/** `/endpoints/new`: makes an endpoint of a file that is handed in. */
export const newEndpointPage = memberPage("/endpoints/new", {
  get: (page) => show(page),
  async upload(page, { fields, file }) {
    const { services, scope } = page;
    const fileName = file && cleanFileName(file.name);
    if (!fileName) return show(page, "Choose a file first.");
    const entered = await createEndpoint(
      services,
      scope,
      endpointName(fields.get("name"), fileName),
    );
    try {
      const ingest = await startIngest(services, entered, {
        fileName,
        body: file.stream,
        options: { mode: "create" },
        allowDuplicate: false,
      });
      return page.redirect(`/endpoints/${entered.endpoint.slug}/ingests/${ingest.id}`);
    } catch (error) {
      // A file that did not arrive makes no endpoint.
      await deleteEndpoint(services, entered, carryRest);
      throw error;
    }
  },
});
