import ReviewQueue from "../../islands/ReviewQueue.tsx";
import { may } from "../../lib/auth/mod.ts";
import { sha256Hex } from "../../lib/crypto/mod.ts";
import { type ChangeId, isId } from "../../lib/ids.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { listReview, type ReviewView } from "../../lib/tools/mod.ts";
import {
  DecidedList,
  Island,
  LISTED_ROWS,
  memberPage,
  type MemberRequest,
  NothingToReview,
  Notice,
  PageHead,
  ReviewList,
  ReviewTabs,
} from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";
import { decide } from "./decide.ts";

const PAGE = 20;

/** Rows of each change that are compared with those of now. */
const CHECKED = 20;

const QUEUE = "queue";

const LEADS: Readonly<Record<EndpointScope["endpoint"]["settings"]["writes"], string>> = {
  review: "Agents change rows here after somebody has looked: each change that they ask for waits.",
  direct: "Agents change rows here at once, except by tokens whose changes wait for a person.",
  off: "Writing is off: what waits can be rejected, and approved once writing is on again.",
};

/** Names what a page shows of the queue. */
const markOf = (changes: readonly ReviewView[]) =>
  sha256Hex(
    JSON.stringify(
      changes.map((
        { id, version, conflict, ended, importing },
      ) => [id, version, conflict, ended, importing]),
    ),
  ).slice(0, 16);

interface ViewProps {
  path: string;
  state: "queued" | "decided";
  changes: readonly ReviewView[];
  mayDecide: boolean;
}

function View({ path, state, changes, mayDecide }: ViewProps) {
  if (!changes.length) return <NothingToReview path={path} state={state} />;
  if (state === "decided") return <DecidedList path={path} changes={changes} />;
  return (
    <>
      {!mayDecide && (
        <Notice>
          Owners and admins of the team approve and reject. You can look at what waits.
        </Notice>
      )}
      <ReviewList path={path} changes={changes} mayDecide={mayDecide} />
    </>
  );
}

async function show(page: MemberRequest): Promise<Response> {
  const { services, session, url } = page;
  const scope = await enterPage(page);
  const { slug, name, settings } = scope.endpoint;
  const path = `/endpoints/${slug}`;
  const state = url.searchParams.get("show") === "decided" ? "decided" : "queued";
  const given = url.searchParams.get("after");
  const mayDecide = may(session.role, "changes:decide");
  const after = given && isId(given) ? given as ChangeId : null;
  const { changes, next } = await listReview(
    services,
    scope,
    { state, after, limit: PAGE },
    // A question whether anything is new shows nobody a row.
    { rows: CHECKED, shown: page.wantsJson || !mayDecide ? null : LISTED_ROWS },
  );
  const mark = markOf(changes);
  if (page.wantsJson) {
    const headers = { "cache-control": "no-store" };
    return Response.json({ mark, waiting: changes.length }, { headers });
  }
  const query = new URLSearchParams(state === "decided" ? { show: state } : {});
  query.set("after", next ?? "");
  const here = `${path}/review`;
  return page.render(
    { title: `Review in ${name}`, section: "endpoints" },
    <>
      <PageHead
        title="Review"
        crumbs={[{ href: "/endpoints", label: "Endpoints" }, { href: path, label: name }]}
        lead={LEADS[settings.writes]}
      />
      <ReviewTabs path={here} state={state} />
      <div id={QUEUE} class="stack">
        <View
          path={path}
          state={state}
          changes={changes}
          mayDecide={mayDecide}
        />
        {next && (
          <p>
            <a href={`${here}?${query}`}>
              {state === "queued" ? "Later changes" : "Older changes"}
            </a>
          </p>
        )}
      </div>
      {state === "queued" && (
        <Island
          of={ReviewQueue}
          props={{ url: after ? `${here}?after=${after}` : here, mark, target: QUEUE }}
        />
      )}
    </>,
  );
}

/** `/endpoints/{slug}/review`: the changes that wait for a person, and what decides on them. */
export const reviewPage = memberPage("/endpoints/:slug/review", { get: show, post: decide });
