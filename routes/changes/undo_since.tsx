import { AppError } from "../../lib/errors.ts";
import { changeChoices, type UndoTarget } from "../../lib/journal/mod.ts";
import {
  actorOptions,
  actorValue,
  Compartment,
  Hold,
  memberPage,
  type MemberRequest,
  PageHead,
  UndoPreview,
  UndoSinceForm,
} from "../../lib/web/mod.ts";
import { undoAndRebuild } from "../../lib/tools/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { enterPage } from "../endpoints/enter.ts";
import { chosenActor, chosenTime } from "./chosen.ts";
import { undoneRedirect } from "./done.ts";

/** What the fields name; what is wrong with them, where they name nothing. */
function chosen(fields: URLSearchParams): UndoTarget | Record<string, string> {
  const actor = chosenActor(fields.get("by"));
  const since = chosenTime(fields.get("since"));
  if (!actor || !since) {
    return {
      ...(actor ? {} : { by: "Choose who changed it." }),
      ...(since ? {} : { since: "Choose a day and a time." }),
    };
  }
  if ("token" in actor) return { kind: "token", ...actor, since };
  return "grant" in actor ? { kind: "app", ...actor, since } : { kind: "person", ...actor, since };
}

const isTarget = (found: UndoTarget | Record<string, string>): found is UndoTarget =>
  "kind" in found;

async function askAgain(
  page: MemberRequest,
  scope: EndpointScope,
  faults: Readonly<Record<string, string>>,
) {
  const { actors } = await changeChoices(page.services, scope);
  const query = page.url.searchParams;
  const given = query.has("by") || query.has("since");
  return (
    <Hold>
      <Compartment
        id="since"
        title="What to take back"
        about="All that one token, app or person has changed since a time. You see each row first."
      >
        <UndoSinceForm
          path={`/endpoints/${scope.endpoint.slug}`}
          options={actorOptions(actors)}
          by={query.get("by") ?? ""}
          since={query.get("since") ?? ""}
          faults={given ? faults : {}}
        />
      </Compartment>
    </Hold>
  );
}

async function preview(page: MemberRequest, scope: EndpointScope, target: UndoTarget) {
  const result = await undoAndRebuild(page.services, scope, target, { preview: true });
  const { actors } = await changeChoices(page.services, scope);
  const query = page.url.searchParams;
  const [by, since] = [query.get("by")!, query.get("since")!];
  const label = actors.find((actor) => actorValue(actor) === by)?.label;
  const path = `/endpoints/${scope.endpoint.slug}`;
  return (
    <UndoPreview
      result={result}
      action={`${path}/undo`}
      fields={{ by, since }}
      back={`${path}/changes`}
    >
      <p>
        What {label ? <strong>{label}</strong> : "it"} has changed since{" "}
        <strong>{since.replace("T", " ")} UTC</strong>.
      </p>
    </UndoPreview>
  );
}

/** `/endpoints/{slug}/undo?by=&since=`: takes back what a token or an app did since a time. */
export const undoSincePage = memberPage("/endpoints/:slug/undo", {
  async get(page) {
    const scope = await enterPage(page);
    const { slug, name } = scope.endpoint;
    const target = chosen(page.url.searchParams);
    const content = isTarget(target)
      ? await preview(page, scope, target)
      : await askAgain(page, scope, target);
    return page.render(
      { title: `Undo in ${name}`, section: "endpoints" },
      <>
        <PageHead
          title="Take back since a time"
          crumbs={[
            { href: "/endpoints", label: "Endpoints" },
            { href: `/endpoints/${slug}`, label: name },
            { href: `/endpoints/${slug}/changes`, label: "Changes" },
          ]}
        />
        {content}
      </>,
    );
  },
  async post(page, form) {
    const scope = await enterPage(page);
    const target = chosen(form);
    if (!isTarget(target)) throw new AppError("INVALID_ARGUMENTS", Object.values(target)[0]);
    const result = await undoAndRebuild(page.services, scope, target, { preview: false });
    const path = `/endpoints/${scope.endpoint.slug}/changes`;
    return undoneRedirect(page, result, path, path);
  },
});
