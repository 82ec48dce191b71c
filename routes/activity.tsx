import {
  type ActivityFilter,
  activityHead,
  AUDIT_ACTIONS,
  exportActivity,
  listActivity,
} from "../lib/audit/mod.ts";
import { listEndpoints } from "../lib/endpoints/mod.ts";
import { type AnyId, isId } from "../lib/ids.ts";
import {
  ActivityFilters,
  ActivityTable,
  ButtonLink,
  EmptyState,
  memberPage,
  PageHead,
} from "../lib/web/mod.ts";

const id = <Id extends AnyId>(text: string | null) => text && isId(text) ? text as Id : undefined;

const DAY_MS = 86_400_000;

/** A day in UTC as a browser's date field sends it. */
function day(text: string | null, after = 0): Date | undefined {
  if (!text || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at + after);
}

/** What is no filter bounds nothing: an address that was typed is still a page. */
function filterOf(query: URLSearchParams): ActivityFilter {
  return {
    userId: id(query.get("user")),
    tokenId: id(query.get("token")),
    endpointId: id(query.get("endpoint")),
    action: AUDIT_ACTIONS.find((action) => action === query.get("action")),
    since: day(query.get("since")),
    until: day(query.get("until"), DAY_MS),
  };
}

/** `/activity`: who did what, and when. */
export const activityPage = memberPage("/activity", {
  async get({ services, scope, url, render }) {
    const query = new URLSearchParams(url.search);
    const after = id<AnyId>(query.get("after")) ?? null;
    const { entries, next } = await listActivity(services, scope, filterOf(query), {
      after,
      limit: 50,
    });
    const head = await activityHead(services, scope);
    const endpoints = await listEndpoints(services, scope);
    const older = new URLSearchParams(query);
    older.set("after", next ?? "");
    return render(
      { title: "Activity", section: "activity" },
      <>
        <PageHead
          title="Activity"
          lead="Who did what, and when. Entries are never changed, and each is tied to the one before."
          actions={
            <>
              <ButtonLink href="/activity/export?format=ndjson">Export NDJSON</ButtonLink>
              <ButtonLink href="/activity/export?format=csv">Export CSV</ButtonLink>
            </>
          }
        />
        <ActivityFilters query={query} endpoints={endpoints} />
        {entries.length === 0
          ? (
            <EmptyState title="Nothing here">
              Nothing that happened fits these filters.
            </EmptyState>
          )
          : <ActivityTable entries={entries} />}
        {next && (
          <p>
            <a href={`/activity?${older}`}>Older activity</a>
          </p>
        )}
        {head && (
          <p class="small soft">
            {"Anchor, to check an export of today against later: "}
            <code>{`${head.seq}:${head.hash}`}</code>
          </p>
        )}
      </>,
    );
  },
});

/** `/activity/export`: the whole log as a file. */
export const activityExportPage = memberPage("/activity/export", {
  async get({ services, scope, url }) {
    const csv = url.searchParams.get("format") === "csv";
    const body = await exportActivity(services, scope, csv ? "csv" : "ndjson");
    return new Response(body, {
      headers: {
        "content-type": csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
        "content-disposition": `attachment; filename="activity.${csv ? "csv" : "ndjson"}"`,
        "cache-control": "no-store",
      },
    });
  },
});
