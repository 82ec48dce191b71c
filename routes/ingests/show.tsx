import IngestProgress from "../../islands/IngestProgress.tsx";
import { may } from "../../lib/auth/mod.ts";
import { type IngestId, parseId } from "../../lib/ids.ts";
import { getIngest, type IngestView, listRejects } from "../../lib/ingest/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  Badge,
  Button,
  ButtonLink,
  Compartment,
  Form,
  Hold,
  ImportWaits,
  IngestReport,
  ingestState,
  Island,
  memberPage,
  type MemberRequest,
  Notice,
  PageHead,
  STATUS_TEXT,
  useMay,
  wholeReachText,
} from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";
import { unopenedIn } from "../endpoints/unopened.ts";

const REJECTS_SHOWN = 100;

function Head({ ingest, scope }: { ingest: IngestView; scope: EndpointScope }) {
  const { slug, name } = scope.endpoint;
  const { text, tone } = STATUS_TEXT[ingest.status];
  return (
    <PageHead
      title={ingest.fileName}
      crumbs={[
        { href: "/endpoints", label: "Endpoints" },
        { href: `/endpoints/${slug}`, label: name },
      ]}
      lead={<Badge {...(tone ? { tone } : {})}>{text}</Badge>}
      actions={ingest.finishedAt && (
        <ButtonLink href={`/endpoints/${slug}`} tone="primary">Open the endpoint</ButtonLink>
      )}
    />
  );
}

function Running({ ingest, url, path }: { ingest: IngestView; url: string; path: string }) {
  if (ingest.status === "waiting") return <ImportWaits path={path} id={ingest.id} />;
  const { label, part, note } = ingestState(ingest);
  return (
    <>
      <div class="sheet">
        <Island of={IngestProgress} props={{ url, label, part, note }} />
        <p class="small soft">
          You can leave this page: the load goes on, and outlives a restart of the server.
        </p>
      </div>
      {!ingest.cancelRequested && useMay("files:write") && (
        <Form action={`${url}/cancel`} inline>
          <Button>Cancel the load</Button>
        </Form>
      )}
    </>
  );
}

async function finished(
  page: MemberRequest,
  scope: EndpointScope,
  ingest: IngestView,
  url: string,
) {
  const { report, error } = ingest;
  if (error) {
    return (
      <Notice tone="danger" title="The file was not loaded">
        <p>{error.detail ?? "Something went wrong on our side."}</p>
        <p>
          Nothing of it stays.{" "}
          {may(page.session.role, "files:write") && (
            <a href={`/endpoints/${scope.endpoint.slug}/files`}>Hand in another file</a>
          )}
        </p>
      </Notice>
    );
  }
  if (!report) {
    const title = ingest.status === "rejected"
      ? "The import was rejected"
      : "The load was cancelled";
    return <Notice title={title}>No rows were imported.</Notice>;
  }
  const after = page.url.searchParams.get("after") ?? undefined;
  const { rejects, next } = report.rejects > 0
    ? await listRejects(page.services, scope, ingest.id, { limit: REJECTS_SHOWN, after })
    : { rejects: [], next: null };
  const unopened = await unopenedIn(page.services, scope);
  const more = next && `${url}?after=${encodeURIComponent(next)}#rejects`;
  return (
    <Hold>
      {report.tables.some(({ rows, removed = 0 }) => rows + removed > 0) && (
        <Compartment id="change" title="Change" about="What it added and removed, row by row.">
          <p>
            <a href={`/endpoints/${scope.endpoint.slug}/changes/${ingest.id}`}>
              See this import among the changes, or undo it
            </a>
          </p>
        </Compartment>
      )}
      <IngestReport
        ingest={ingest}
        report={report}
        rejects={rejects}
        more={more}
        path={`/endpoints/${scope.endpoint.slug}`}
        waiting={unopened?.tables.map(({ name }) => name) ?? []}
        visible={unopened && wholeReachText(unopened.whole)}
      />
    </Hold>
  );
}

/** `/endpoints/{slug}/ingests/{id}`: follows a load, then reports what became of the file. */
export const ingestPage = memberPage("/endpoints/:slug/ingests/:id", {
  async get(page) {
    const scope = await enterPage(page);
    const ingest = await getIngest(page.services, scope, parseId<IngestId>(page.param("id")));
    const path = `/endpoints/${scope.endpoint.slug}`;
    const url = `${path}/ingests/${ingest.id}`;
    if (page.wantsJson) {
      return Response.json(ingestState(ingest), { headers: { "cache-control": "no-store" } });
    }
    const over = ingest.finishedAt !== null;
    return page.render(
      {
        title: ingest.fileName,
        section: "endpoints",
        ...(over || ingest.status === "waiting" ? {} : { refresh: 2 }),
      },
      <>
        <Head ingest={ingest} scope={scope} />
        {over
          ? await finished(page, scope, ingest, url)
          : <Running ingest={ingest} url={url} path={path} />}
      </>,
    );
  },
});
