import NewActivity from "../islands/NewActivity.tsx";
import { activityChoices, activityHead, exportActivity, listActivity } from "../lib/audit/mod.ts";
import { listEndpoints } from "../lib/endpoints/mod.ts";
import { type AnyId, isId } from "../lib/ids.ts";
import {
  activityAddress,
  activityFilter,
  ActivityFilters,
  ActivityLog,
  ButtonLink,
  EmptyState,
  Island,
  memberPage,
  type MemberRequest,
  PageHead,
} from "../lib/web/mod.ts";

const PAGE = 50;

/** How many entries there are behind the one of a number, as the open page asks. */
async function newsOf({ services, scope }: MemberRequest, query: URLSearchParams) {
  const seq = query.get("newer") ?? "";
  const newerThan = /^\d{1,18}$/.test(seq) ? BigInt(seq) : 0n;
  const { entries, next } = await listActivity(services, scope, activityFilter(query), {
    newerThan,
    limit: PAGE,
  });
  return Response.json({ count: entries.length, more: next !== null });
}

/** `/activity`: who did what, and when. */
export const activityPage = memberPage("/activity", {
  async get(page) {
    const { services, scope, url, render } = page;
    const query = url.searchParams;
    if (page.wantsJson) return await newsOf(page, query);
    // Before the list, so that nothing is in neither that nor the news.
    const head = await activityHead(services, scope);
    const from = query.get("after");
    const after = from && isId(from) ? from as AnyId : null;
    const { entries, next } = await listActivity(services, scope, activityFilter(query), {
      after,
      limit: PAGE,
    });
    const choices = await activityChoices(services, scope);
    const endpoints = await listEndpoints(services, scope);
    return render(
      { title: "Activity", section: "activity" },
      <>
        <PageHead
          title="Activity"
          lead="Who did what, and when. Entries are kept for twelve months, never changed, and each is tied to the one before."
          actions={
            <>
              <ButtonLink href="/activity/export?format=ndjson">Export all as NDJSON</ButtonLink>
              <ButtonLink href="/activity/export?format=csv">Export all as CSV</ButtonLink>
            </>
          }
        />
        <div>
          <ActivityFilters query={query} choices={choices} endpoints={endpoints} />
          {after === null && (
            <Island
              of={NewActivity}
              props={{
                page: activityAddress(query),
                newer: activityAddress(query, { newer: String(head?.seq ?? 0n) }),
              }}
            />
          )}
        </div>
        {entries.length === 0
          ? (
            <EmptyState title="Nothing here">
              Nothing that happened fits these filters.
            </EmptyState>
          )
          : <ActivityLog entries={entries} />}
        {(next || after) && (
          <nav class="row" aria-label="Pages">
            {after && <ButtonLink href={activityAddress(query)}>Newest activity</ButtonLink>}
            {next && (
              <ButtonLink href={activityAddress(query, { after: next })}>Older activity</ButtonLink>
            )}
          </nav>
        )}
        {head && (
          <p class="small soft">
            {"Anchor, to check an export of today against later: "}
            <code class="anchor">{`${head.seq}:${head.hash}`}</code>
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
