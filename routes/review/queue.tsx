import ReviewQueue from "../../islands/ReviewQueue.tsx";
import { may } from "../../lib/auth/mod.ts";
import { sha256Hex } from "../../lib/crypto/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { type ChangeId, isId, parseId } from "../../lib/ids.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  approveChange,
  listReview,
  refreshPreview,
  rejectChange,
  type ReviewView,
} from "../../lib/tools/mod.ts";
import {
  ButtonLink,
  DecidedList,
  EmptyState,
  type FormFields,
  Island,
  memberPage,
  type MemberRequest,
  Notice,
  type NoticeCode,
  PageHead,
  ReviewList,
} from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";

const PAGE = 20;

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
      changes.map(({ id, version, conflict, ended }) => [id, version, conflict, ended]),
    ),
  ).slice(0, 16);

function Nothing({ path, state }: { path: string; state: "queued" | "decided" }) {
  return state === "queued"
    ? (
      <EmptyState
        title="Nothing waits"
        action={<ButtonLink href={`${path}/access`}>How agents may write</ButtonLink>}
      >
        What agents ask to change under review stands here, with each row before and after.
      </EmptyState>
    )
    : (
      <EmptyState title="Nothing decided yet">
        What was approved or rejected stands here, with who did it.
      </EmptyState>
    );
}

interface ViewProps {
  path: string;
  state: "queued" | "decided";
  changes: readonly ReviewView[];
  mayDecide: boolean;
}

function View({ path, state, changes, mayDecide }: ViewProps) {
  if (!changes.length) return <Nothing path={path} state={state} />;
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

function Tabs({ path, state }: { path: string; state: "queued" | "decided" }) {
  return (
    <nav class="row" aria-label="Which changes">
      <a class="button quiet" href={path} aria-current={state === "queued" ? "page" : undefined}>
        Waiting
      </a>
      <a
        class="button quiet"
        href={`${path}?show=decided`}
        aria-current={state === "decided" ? "page" : undefined}
      >
        Decided
      </a>
    </nav>
  );
}

async function show(page: MemberRequest): Promise<Response> {
  const { services, session, url } = page;
  const scope = await enterPage(page);
  const { slug, name, settings } = scope.endpoint;
  const path = `/endpoints/${slug}`;
  const state = url.searchParams.get("show") === "decided" ? "decided" : "queued";
  const given = url.searchParams.get("after");
  const after = given && isId(given) ? given as ChangeId : null;
  const { changes, next } = await listReview(services, scope, { state, after, limit: PAGE });
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
      <Tabs path={here} state={state} />
      <div id={QUEUE} class="stack">
        <View
          path={path}
          state={state}
          changes={changes}
          mayDecide={may(session.role, "changes:decide")}
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

/** What was ticked: changes, each with what was shown of it. */
function chosenOf(form: FormFields): { id: ChangeId; version: string | null }[] {
  return form.getAll("change").slice(0, PAGE).map((text) => {
    const [id = "", version = ""] = text.split(":");
    return { id: parseId<ChangeId>(id), version: version || null };
  });
}

const NOTE = 500;

type Decision = (chosen: { id: ChangeId; version: string | null }) => Promise<void>;

function decisionOf({ services }: MemberRequest, scope: EndpointScope, form: FormFields) {
  const decisions: Readonly<Record<string, { decide: Decision; notice: NoticeCode }>> = {
    approve: {
      decide: ({ id, version }) => approveChange(services, scope, id, version),
      notice: "changes_approved",
    },
    reject: {
      decide: ({ id }) =>
        rejectChange(services, scope, id, form.get(`note-${id}`)?.trim().slice(0, NOTE) || null),
      notice: "changes_rejected",
    },
    refresh: {
      decide: ({ id }) => refreshPreview(services, scope, id),
      notice: "preview_refreshed",
    },
  };
  const decision = new Map(Object.entries(decisions)).get(form.get("decision") ?? "");
  if (!decision) throw new AppError("INVALID_ARGUMENTS", "Choose what to decide.");
  return decision;
}

/** Faults of one change that leave the others to be decided on. */
const OF_ONE = new Set(["CONFLICT", "NOT_FOUND"]);

async function decide(page: MemberRequest, form: FormFields): Promise<Response> {
  const scope = await enterPage(page);
  const here = `/endpoints/${scope.endpoint.slug}/review`;
  const chosen = chosenOf(form);
  if (!chosen.length) return page.redirect(here, "nothing_chosen");
  const { decide, notice } = decisionOf(page, scope, form);
  let failed = false;
  for (const one of chosen) {
    try {
      await decide(one);
    } catch (error) {
      if (!(error instanceof AppError) || !OF_ONE.has(error.code)) throw error;
      // A change that is not there is told like the page of one.
      if (error.code === "NOT_FOUND" && chosen.length === 1) throw error;
      failed = true;
    }
  }
  return page.redirect(here, failed ? "partly_decided" : notice);
}

/** `/endpoints/{slug}/review`: the changes that wait for a person, and what decides on them. */
export const reviewPage = memberPage("/endpoints/:slug/review", { get: show, post: decide });
