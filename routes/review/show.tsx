import { may } from "../../lib/auth/mod.ts";
import { type ChangeId, parseId } from "../../lib/ids.ts";
import { readReview } from "../../lib/tools/mod.ts";
import {
  ButtonLink,
  ChangedByView,
  Compartment,
  DecisionBadge,
  Facts,
  Hold,
  memberPage,
  PageHead,
  ReviewDetail,
  reviewTexts,
  Time,
  Visible,
} from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";

/** Rows of one page. */
const ROWS = 50;

/** After how many rows the page begins. */
const rowsBefore = (text: string | null) => /^\d{1,6}$/.test(text ?? "") ? Number(text) : 0;

/** `/endpoints/{slug}/review/{change}`: one change that waits, or that was decided on. */
export const reviewedPage = memberPage("/endpoints/:slug/review/:id", {
  async get(page) {
    const { services, session } = page;
    const scope = await enterPage(page);
    const { slug, name } = scope.endpoint;
    const path = `/endpoints/${slug}`;
    const mayDecide = may(session.role, "changes:decide");
    const change = await readReview(services, scope, parseId<ChangeId>(page.param("id")), {
      after: rowsBefore(page.url.searchParams.get("rows")),
      rows: ROWS,
      shown: mayDecide ? ROWS : null,
    });
    const { by, at, tool, state, decidedBy, decidedAt, note } = change;
    return page.render(
      { title: `Change in ${name}`, section: "endpoints" },
      <>
        <PageHead
          title={reviewTexts(change).join(", ")}
          crumbs={[
            { href: "/endpoints", label: "Endpoints" },
            { href: path, label: name },
            { href: `${path}/review`, label: "Review" },
          ]}
          lead={<DecisionBadge state={state} />}
          actions={state === "applied" && (
            <ButtonLink href={`${path}/changes/${change.id}`}>Open the change</ButtonLink>
          )}
        />
        <Hold>
          <Compartment
            id="what"
            title="Who asked"
            about="What was asked for, and what became of it."
          >
            <Facts
              facts={[
                { label: "Who", value: <ChangedByView by={by} /> },
                { label: "When", value: <Time at={at} /> },
                { label: "With", value: <code>{tool}</code> },
                ...(decidedAt
                  ? [
                    {
                      label: "Decided by",
                      value: <Visible text={decidedBy?.label ?? "Nobody in time"} />,
                    },
                    { label: "Decided", value: <Time at={decidedAt} /> },
                  ]
                  : []),
              ]}
            />
            {note && (
              <p>
                Because: <Visible text={note} />
              </p>
            )}
          </Compartment>
          {state === "queued" && (
            <Compartment
              id="rows"
              title="Rows"
              about="As they were when this was asked for, and as they would be. What the database fills in itself, such as a new row's number, may differ."
            >
              <ReviewDetail
                path={path}
                change={change}
                mayDecide={mayDecide}
              />
            </Compartment>
          )}
        </Hold>
      </>,
    );
  },
});
