import { may } from "../../lib/auth/mod.ts";
import { type ChangeId, parseId } from "../../lib/ids.ts";
import {
  type ChangeView,
  IMPORT_UNDO_DAYS,
  isEntryId,
  type JournalEntry,
  readChange,
} from "../../lib/journal/mod.ts";
import {
  Badge,
  ButtonLink,
  ChangedByView,
  changedRowsText,
  changeState,
  Compartment,
  Facts,
  formatCount,
  Hold,
  importText,
  memberPage,
  PageHead,
  RowDiff,
  Time,
} from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";

function Summary({ change }: { change: ChangeView }) {
  const { by, at, tables, file, notShown } = change;
  return (
    <>
      <Facts
        facts={[
          { label: "Who", value: <ChangedByView by={by} /> },
          { label: "When", value: <Time at={at} /> },
          ...(file
            ? [
              { label: "File", value: file.fileName },
              ...(file.sha256
                ? [{ label: "SHA-256", value: <code class="wrap">{file.sha256}</code> }]
                : []),
            ]
            : []),
          ...(by.tool ? [{ label: "With", value: <code>{by.tool}</code> }] : []),
          ...(by.network ? [{ label: "From", value: by.network }] : []),
        ]}
      />
      <ul class="plain">
        {tables.map((one) => <li key={`${one.table} ${one.op}`}>{changedRowsText(one)}</li>)}
      </ul>
      {notShown > 0 && (
        <p class="small soft">
          {formatCount(notShown)} of these rows {notShown === 1 ? "is" : "are"}{" "}
          not shown: the field rules let nobody see {notShown === 1 ? "it" : "them"}.
        </p>
      )}
      {file && (
        <p class="small soft">
          An import is undone as a whole. What that needs is kept for {IMPORT_UNDO_DAYS} days.
        </p>
      )}
      {by.request && <p class="small soft">Request {by.request}</p>}
    </>
  );
}

function EntryState(
  { path, entry, undo }: { path: string; entry: JournalEntry; undo: string | null },
) {
  const { undoneBy } = entry;
  if (undoneBy) return <a href={`${path}/changes/${undoneBy.changeId}`}>Taken back</a>;
  if (!undo) return null;
  return <a href={undo} aria-label={`Undo this row of ${entry.table}…`}>Undo this row…</a>;
}

/** `/endpoints/{slug}/changes/{change}`: one change, row by row. */
export const changePage = memberPage("/endpoints/:slug/changes/:id", {
  async get(page) {
    const { services, session } = page;
    const scope = await enterPage(page);
    const { slug, name } = scope.endpoint;
    const id = parseId<ChangeId>(page.param("id"));
    const after = page.url.searchParams.get("after");
    const change = await readChange(services, scope, id, {
      after: after !== null && isEntryId(after) ? after : null,
      limit: 50,
    });
    const path = `/endpoints/${slug}`;
    const here = `${path}/changes/${id}`;
    const mayUndo = may(session.role, "changes:undo");
    const state = changeState(change);
    return page.render(
      { title: `Change in ${name}`, section: "endpoints" },
      <>
        <PageHead
          title={importText(change) ?? (change.undoing > 0 ? "Undo" : "Change")}
          crumbs={[
            { href: "/endpoints", label: "Endpoints" },
            { href: path, label: name },
            { href: `${path}/changes`, label: "Changes" },
          ]}
          lead={state && change.undone > 0 && <Badge tone={state.tone}>{state.text}</Badge>}
          actions={mayUndo && change.undone < change.rows && (
            <ButtonLink href={`${here}/undo`} tone="primary">Undo…</ButtonLink>
          )}
        />
        <Hold>
          <Compartment id="summary" title="Summary">
            <Summary change={change} />
          </Compartment>
          {change.entries.length > 0 && (
            <Compartment
              id="rows"
              title="Rows"
              about="In the order in which they changed, without what the field rules hide."
            >
              {change.entries.map((entry) => (
                <RowDiff key={entry.id} entry={entry}>
                  <EntryState
                    path={path}
                    entry={entry}
                    undo={mayUndo ? `${here}/undo?entry=${entry.id}` : null}
                  />
                </RowDiff>
              ))}
              {change.next && (
                <p>
                  <a href={`${here}?after=${change.next}`}>More rows</a>
                </p>
              )}
            </Compartment>
          )}
        </Hold>
      </>,
    );
  },
});
