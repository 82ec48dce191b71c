import NewActivity from "../islands/NewActivity.tsx";
import {
  activityChoices,
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
  ActivityLog,
  ButtonLink,
  EmptyState,
  FILTERS,
  Island,
  memberPage,
  type MemberRequest,
  PageHead,
} from "../lib/web/mod.ts";

const PAGE = 50;

const id = <Id extends AnyId>(text: string | null) => text && isId(text) ? text as Id : undefined;

const text = (given: string | null) => given?.trim() || undefined;

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
    app: text(query.get("app")),
    tool: text(query.get("tool")),
    table: text(query.get("table")),
    endpointId: id(query.get("endpoint")),
    action: AUDIT_ACTIONS.find((action) => action === query.get("action")),
    since: day(query.get("since")),
    until: day(query.get("until"), DAY_MS),
  };
}

/** The page's address with its filters and nothing else, but what is given besides. */
function addressOf(query: URLSearchParams, more: Record<string, string> = {}): string {
  const kept = FILTERS.flatMap((name) => {
    const value = query.get(name);
    return value ? [[name, value]] : [];
  });
  const all = new URLSearchParams([...kept, ...Object.entries(more)]).toString();
  return all ? `/activity?${all}` : "/activity";
}

/** How many entries there are behind the one of a number, as the open page asks. */
async function newsOf({ services, scope }: MemberRequest, query: URLSearchParams) {
  const seq = query.get("newer") ?? "";
  const newerThan = /^\d{1,18}$/.test(seq) ? BigInt(seq) : 0n;
  const { entries, next } = await listActivity(services, scope, filterOf(query), {
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
    const after = id<AnyId>(query.get("after")) ?? null;
    const { entries, next } = await listActivity(services, scope, filterOf(query), {
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
                page: addressOf(query),
                newer: addressOf(query, { newer: String(head?.seq ?? 0n) }),
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
            {after && <ButtonLink href={addressOf(query)}>Newest activity</ButtonLink>}
            {next && (
              <ButtonLink href={addressOf(query, { after: next })}>Older activity</ButtonLink>
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
