import { may } from "../../lib/auth/mod.ts";
import {
  type ChangeChoices,
  changeChoices,
  type ChangeFilter,
  isEntryId,
  listChanges,
} from "../../lib/journal/mod.ts";
import {
  actorOptions,
  ButtonLink,
  ChangeFilters,
  ChangeList,
  Compartment,
  EmptyState,
  Hold,
  memberPage,
  PageHead,
  UndoSinceForm,
} from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";
import { chosenActor, chosenTime } from "./chosen.ts";

/** What is no filter bounds nothing: an address that was typed is still a page. */
function filterOf(query: URLSearchParams): ChangeFilter {
  return {
    ...chosenActor(query.get("who")),
    table: query.get("table") || undefined,
    tool: query.get("tool") || undefined,
    since: chosenTime(query.get("from")),
  };
}

function Nothing({ filtered, path }: { filtered: boolean; path: string }) {
  if (filtered) {
    return (
      <EmptyState
        title="Nothing here"
        action={<ButtonLink href={`${path}/changes`}>Show everything</ButtonLink>}
      >
        No change fits these filters.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title="No changes yet"
      action={<ButtonLink href={path}>To the endpoint</ButtonLink>}
    >
      Once agents may change rows, each change stands here with who made it, how every row read
      before, and a button that takes it back.
    </EmptyState>
  );
}

function TakeBack(
  { path, actors, by }: { path: string; actors: ChangeChoices["actors"]; by: string },
) {
  return (
    <Hold>
      <Compartment
        id="since"
        title="Take back since a time"
        about="All that one token, app or person has changed since then. You see each row first."
      >
        <UndoSinceForm path={path} options={actorOptions(actors)} by={by} />
      </Compartment>
    </Hold>
  );
}

/** `/endpoints/{slug}/changes`: what was changed in its rows, by whom. */
export const changesPage = memberPage("/endpoints/:slug/changes", {
  async get(page) {
    const { services, session } = page;
    const scope = await enterPage(page);
    const { slug, name } = scope.endpoint;
    const path = `/endpoints/${slug}`;
    const query = new URLSearchParams(page.url.search);
    const after = query.get("after");
    const { changes, next } = await listChanges(services, scope, filterOf(query), {
      after: after !== null && isEntryId(after) ? after : null,
      limit: 50,
    });
    const choices = await changeChoices(services, scope);
    const older = new URLSearchParams(query);
    older.set("after", next ?? "");
    const filtered = ["who", "table", "tool", "from", "after"].some((one) => query.get(one));
    const mayUndo = may(session.role, "changes:undo") && choices.actors.length > 0;
    return page.render(
      { title: `Changes in ${name}`, section: "endpoints" },
      <>
        <PageHead
          title="Changes"
          crumbs={[{ href: "/endpoints", label: "Endpoints" }, { href: path, label: name }]}
          lead="What was changed in the rows, by whom and with what. Each change can be taken back."
        />
        {(changes.length > 0 || filtered) && (
          <ChangeFilters path={path} query={query} choices={choices} />
        )}
        {changes.length > 0
          ? <ChangeList path={path} changes={changes} />
          : <Nothing filtered={filtered} path={path} />}
        {next && (
          <p>
            <a href={`${path}/changes?${older}`}>Older changes</a>
          </p>
        )}
        {mayUndo && <TakeBack path={path} actors={choices.actors} by={query.get("who") ?? ""} />}
      </>,
    );
  },
});
