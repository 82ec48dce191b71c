import { may } from "../../lib/auth/mod.ts";
import { type EndpointView, listEndpoints } from "../../lib/endpoints/mod.ts";
import {
  Badge,
  ButtonLink,
  type Column,
  EmptyState,
  formatNumber,
  memberPage,
  PageHead,
  Table,
  Time,
  Visible,
} from "../../lib/web/mod.ts";
import { waitingInEach } from "../review/waiting.ts";

const columns = (
  mcpUrl: (slug: string) => string,
  waiting: ReadonlyMap<string, number>,
): Column<EndpointView>[] => [
  {
    head: "Name",
    cell: ({ slug, name, status }) =>
      status === "ready"
        ? (
          <a href={`/endpoints/${slug}`}>
            <Visible text={name} />
          </a>
        )
        : <Visible text={name} />,
  },
  { head: "MCP URL", cell: ({ slug }) => <code>{mcpUrl(slug)}</code> },
  {
    head: "State",
    cell: ({ slug, status, manifestVersion }) => {
      if (status !== "ready") return <Badge tone="accent">Being made</Badge>;
      const count = waiting.get(slug) ?? 0;
      return (
        <span class="row">
          {manifestVersion === 0 ? <Badge>No data yet</Badge> : <Badge tone="good">Live</Badge>}
          {count > 0 && (
            <a href={`/endpoints/${slug}/review`}>{formatNumber(count, "change")} to review</a>
          )}
        </span>
      );
    },
  },
  { head: "Made", tight: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

/** `/endpoints`: what the tenant has. */
export const endpointsPage = memberPage("/endpoints", {
  async get(page) {
    const { services, scope } = page;
    const endpoints = await listEndpoints(services, scope);
    const waiting = await waitingInEach(services, scope, endpoints);
    const add = may(page.session.role, "endpoints:create") && (
      <ButtonLink href="/endpoints/new" tone="primary">New endpoint</ButtonLink>
    );
    return page.render(
      { title: "Endpoints", section: "endpoints" },
      <>
        <PageHead
          title="Endpoints"
          lead="Each has a database of its own, and one address that agents connect to."
          actions={endpoints.length > 0 && add}
        />
        {endpoints.length === 0
          ? (
            <EmptyState title="No endpoints yet" action={add}>
              Hand in a CSV, TSV, JSON or NDJSON file. A minute later an agent can query it.
            </EmptyState>
          )
          : (
            <Table
              caption="Endpoints"
              columns={columns((slug) => new URL(`/mcp/${slug}`, services.baseUrl).href, waiting)}
              rows={endpoints}
            />
          )}
      </>,
    );
  },
});
