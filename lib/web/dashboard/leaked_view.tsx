import type { CalledTool, TokenTraces } from "../../leaks/mod.ts";
import { ABILITIES } from "../../principal.ts";
import { WRITING_TOOLS } from "../../tools/mod.ts";
import { Button, ButtonLink, Form } from "../components/form.tsx";
import { Compartment, Facts } from "../components/layout.tsx";
import {
  type Column,
  formatCount,
  formatNumber,
  Notice,
  Table,
  Time,
} from "../components/pieces.tsx";
import { ClientSnippets } from "../components/snippets.tsx";
import { ABILITY_TEXT } from "./ability_text.ts";
import { ACTION_TEXT } from "./action_text.ts";
import { Visible } from "../components/visible_text.tsx";

const REPORTERS: Readonly<Record<string, string>> = {
  github: "GitHub’s secret scanning found it",
  page: "Somebody reported it on our page for leaked tokens",
};

/** Who reported the leak, and where the token was found. */
export function ReportNotice({ traces: { report } }: { traces: TokenTraces }) {
  if (!report) return null;
  return (
    <Notice
      tone="warn"
      title={`${REPORTERS[report.by] ?? "It was reported"}, and it was revoked at once.`}
    >
      <Time at={report.at} />
      {report.url && (
        <>
          . Found at <code class="wrap">{report.url}</code>
        </>
      )}
    </Notice>
  );
}

/** The first step: the token ends, and another takes its place. */
export function StopStep({ traces, mayMint }: { traces: TokenTraces; mayMint: boolean }) {
  const { token, replacement } = traces;
  const { id, revokedAt } = token;
  return (
    <Compartment
      id="stop"
      title="1. Stop it, replace it"
      about="The replacement may do the same in the same places. You see it once, with what to paste into each client."
    >
      {revokedAt
        ? (
          <Notice tone="good" title="It works no more">
            Revoked on <Time at={revokedAt} />
            {replacement && (
              <>
                , and replaced by <Visible text={replacement.name} />
              </>
            )}.
          </Notice>
        )
        : (
          <Notice tone="danger" title="It still works">
            Whoever has it can do all that is listed below, until you revoke it.
          </Notice>
        )}
      {mayMint && (
        <div class="row">
          <Form action={`/tokens/${id}/leaked`} inline>
            <Button tone={revokedAt ? "primary" : "danger solid"}>
              {revokedAt ? "Create a replacement" : "Revoke it and create a replacement"}
            </Button>
          </Form>
          {!revokedAt && (
            <Form action={`/tokens/${id}/revoke`} inline>
              <Button tone="danger">Only revoke it</Button>
            </Form>
          )}
        </div>
      )}
    </Compartment>
  );
}

const ROW_ACTIONS: Readonly<Record<string, string>> = {
  "row.inserted": "added",
  "row.updated": "changed",
  "row.deleted": "deleted",
};

interface ChangedEndpoint {
  readonly slug: string;
  readonly name: string;
  readonly text: string;
}

/** What it did to the rows of one endpoint, as the activity log tells. */
function changesText({ actions }: TokenTraces, slug: string): string {
  return actions.filter((one) => one.slug === slug && one.action in ROW_ACTIONS)
    .map(({ action, times }) => `${formatNumber(times, "row")} ${ROW_ACTIONS[action]}`).join(", ");
}

/** Each endpoint that it wrote to: by the activity log, or, before that has heard, by its calls. */
function changedEndpoints(traces: TokenTraces): ChangedEndpoint[] {
  const told = traces.actions.filter(({ action }) => action in ROW_ACTIONS);
  const called = traces.calls.filter(({ tool, calls, failed }) =>
    WRITING_TOOLS.has(tool) && calls > failed
  );
  const names = new Map(
    [...told, ...called].flatMap(({ slug, name }) => slug === null ? [] : [[slug, name ?? slug]]),
  );
  return [...names].map(([slug, name]) => ({
    slug,
    name,
    text: changesText(traces, slug) || "it called tools that change rows",
  }));
}

interface UndoStepProps {
  traces: TokenTraces;
  /** A minute in UTC, as a browser's field writes it. */
  since: string;
  mayUndo: boolean;
}

/** The second step: on each endpoint, what it changed is taken back after a look. */
export function UndoStep({ traces, since, mayUndo }: UndoStepProps) {
  const changed = changedEndpoints(traces);
  const query = new URLSearchParams({ by: `token:${traces.token.id}`, since });
  return (
    <Compartment
      id="undo"
      title="2. Take back its writes"
      about="You see every row first. What others have changed since stays as it is."
    >
      {changed.length === 0 && <p>It changed no row of an endpoint in this time.</p>}
      {changed.map(({ slug, name, text }) => (
        <div class="row spread" key={slug}>
          <div>
            <a href={`/endpoints/${slug}/changes?who=token:${traces.token.id}`}>{name}</a>
            <p class="small soft">{text}</p>
          </div>
          {mayUndo && (
            <ButtonLink href={`/endpoints/${slug}/undo?${query}`} tone="primary">
              Preview the undo
            </ButtonLink>
          )}
        </div>
      ))}
      {changed.length > 0 && !mayUndo && (
        <p class="small soft">Owners and admins of the team can take it back.</p>
      )}
    </Compartment>
  );
}

const CALLS: readonly Column<CalledTool>[] = [
  {
    head: "Endpoint",
    cell: ({ slug, name }) =>
      slug ? <a href={`/endpoints/${slug}`}>{name}</a> : <em class="soft">deleted since</em>,
  },
  { head: "Tool", cell: ({ tool }) => <code>{tool}</code> },
  { head: "Calls", number: true, cell: ({ calls }) => formatCount(calls) },
  { head: "Failed", number: true, cell: ({ failed }) => failed ? formatCount(failed) : "" },
  { head: "First", tight: true, cell: ({ first }) => <Time at={first} /> },
  { head: "Last", tight: true, cell: ({ last }) => <Time at={last} /> },
];

/** What the token did: its calls, what the activity log holds, and from where. */
export function DidView(
  { traces, since, shownSince }: { traces: TokenTraces; since: string; shownSince: Date },
) {
  const { token, calls, actions, networks } = traces;
  const besides = actions.filter(({ action }) => !(action in ROW_ACTIONS));
  const total = calls.reduce((sum, one) => sum + one.calls, 0);
  return (
    <Compartment
      id="did"
      title="What it did"
      about={
        <>
          Since{" "}
          <Time at={shownSince} />. Answers are not kept: count as read what its tools can read.
        </>
      }
    >
      <Facts
        facts={[
          { label: "Calls", value: formatCount(total) },
          { label: "Minted", value: <Time at={token.createdAt} /> },
          {
            label: "Last used",
            value: token.lastUsedAt ? <Time at={token.lastUsedAt} /> : "Never",
          },
        ]}
      />
      {(networks.length > 0 || token.lastUsedNetwork) && (
        <p class="small row">
          From {[...new Set([token.lastUsedNetwork, ...networks])].filter((one) => one !== null)
            .map((network) => <code key={network}>{network}</code>)}
        </p>
      )}
      {calls.length > 0 && <Table caption="Calls" columns={CALLS} rows={calls} />}
      {besides.length > 0 && (
        <ul class="plain">
          {besides.map(({ action, name, times, last }) => (
            <li key={`${action} ${name}`}>
              {ACTION_TEXT[action as keyof typeof ACTION_TEXT] ?? action}
              {name && (
                <>
                  {" "}on <Visible text={name} />
                </>
              )}: {formatNumber(times, "time")}, last on <Time at={last} />
            </li>
          ))}
        </ul>
      )}
      {calls.length + actions.length === 0 && <p>Nothing is known of it in this time.</p>}
      <form method="get" action={`/tokens/${token.id}/leaked`} class="form">
        <div class="field">
          <label for="field-since">Look since (UTC)</label>
          <input
            class="input"
            id="field-since"
            name="since"
            type="datetime-local"
            value={since}
            required
          />
        </div>
        <div class="row">
          <Button>Show</Button>
          <a href={`/activity?token=${token.id}`}>Its whole activity</a>
        </div>
      </form>
    </Compartment>
  );
}

/** What the token could do, and where. */
export function CouldView({ traces: { token } }: { traces: TokenTraces }) {
  const { abilities, allEndpoints, endpoints, networks, expiresAt } = token;
  return (
    <Compartment id="could" title="What it could do">
      <ul class="plain">
        {ABILITIES.filter((one) => abilities.includes(one)).map((one) => (
          <li key={one}>{ABILITY_TEXT[one].label}</li>
        ))}
      </ul>
      <p>
        {allEndpoints
          ? "On every endpoint of the team."
          : endpoints.length === 0
          ? "On endpoints that are gone."
          : (
            <>
              On {endpoints.map(({ slug, name }, index) => (
                <>
                  {index > 0 && ", "}
                  <a href={`/endpoints/${slug}`}>{name}</a>
                </>
              ))}.
            </>
          )}
        {networks && ` From ${networks.join(", ")} alone.`}
        {expiresAt && (
          <>
            {" "}Until <Time at={expiresAt} />.
          </>
        )}
      </p>
    </Compartment>
  );
}

/** What to paste into a client once there is another token. */
export function ReconnectStep(
  { traces: { token }, mcpUrl }: { traces: TokenTraces; mcpUrl: (slug: string) => string },
) {
  if (!token.endpoints.length) return null;
  return (
    <Compartment
      id="reconnect"
      title="3. Connect again"
      about="Replace YOUR_TOKEN by the new one. Where it is minted, it stands in these lines already."
    >
      {token.endpoints.map(({ slug, name }) => (
        <div class="stack" key={slug}>
          {token.endpoints.length > 1 && (
            <h3>
              <Visible text={name} />
            </h3>
          )}
          <ClientSnippets name={slug} url={mcpUrl(slug)} />
        </div>
      ))}
    </Compartment>
  );
}
