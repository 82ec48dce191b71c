import type { Session } from "../../auth/mod.ts";
import type { EndpointId } from "../../ids.ts";
import type {
  AuthorizationRequest,
  Client,
  ConsentChoices,
  RedirectTarget,
} from "../../oauth/mod.ts";
import { Button, ButtonLink, Choices, Form } from "../components/form.tsx";
import { Compartment, EmptyState, Facts, Hold, PageHead } from "../components/layout.tsx";
import { domainHint, lookAlikeHint } from "../../text/mod.ts";
import { Notice } from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";
import type { FormFields } from "../form_data.ts";
import { type TableChoices, TableReachFields } from "./table_reach.tsx";

/** Who vouches for an app's name. */
export function Identity({ client, tenantName }: { client: Client; tenantName: string }) {
  switch (client.kind) {
    case "document":
      return (
        <p>
          It is described at{" "}
          <strong>
            <Visible text={new URL(client.clientId).host} />
          </strong>{" "}
          (<code>
            <Visible text={client.clientId} />
          </code>). Who runs that site chose the name.
        </p>
      );
    case "manual":
      return (
        <p>
          A member of <Visible text={tenantName} /> registered it here by hand.
        </p>
      );
    case "dynamic":
      return (
        <p>
          It registered itself under this name, and anybody can register under any name. Nobody has
          checked that it is who it says.
        </p>
      );
  }
}

/** What speaks against taking a name or an address for what it looks like. */
function Doubts({ name, hosts }: { name: string; hosts: readonly string[] }) {
  const doubts = [lookAlikeHint(name), ...new Set(hosts.map(domainHint))]
    .filter((doubt) => doubt !== null);
  if (!doubts.length) return null;
  return (
    <Notice tone="warn" title="Look twice at this name">
      {doubts.map((doubt) => (
        <p key={doubt}>
          <Visible text={doubt} />
        </p>
      ))}
    </Notice>
  );
}

/** The hosts that a person is shown of a request. */
function hostsOf({ client, redirect }: AuthorizationRequest): string[] {
  return [
    ...(client.kind === "document" ? [new URL(client.clientId).hostname] : []),
    ...(redirect.kind === "web" ? [redirect.host] : []),
  ];
}

/** Where access goes, with a warning where nothing about that can be checked. */
function Destination({ redirect, name }: { redirect: RedirectTarget; name: string }) {
  if (redirect.kind === "web") {
    return (
      <p>
        Access goes to{" "}
        <strong class="host">
          <Visible text={redirect.host} />
        </strong>. Do not go on if that is not the site you came from.
      </p>
    );
  }
  return (
    <Notice tone="warn" title={`Access goes to a program on this computer (${redirect.host})`}>
      <p>
        {redirect.kind === "loopback"
          ? "Any program that runs on this computer could be asking under this name."
          : `Any program on this computer that has claimed ${redirect.host} links would get it.`}
        {" "}
        Go on only if you have just started to connect <Visible text={name} /> yourself.
      </p>
    </Notice>
  );
}

const names = (endpoints: readonly { name: string }[]) =>
  endpoints.map(({ name }) => name).join(", ");

/** What the app may do today, where it is connected already. */
function Today({ choices }: { choices: ConsentChoices }) {
  const { endpoints, today } = choices;
  const reached = endpoints.filter(({ id }) => today.has(id));
  if (reached.length === 0) return null;
  const written = reached.filter(({ id }) => today.get(id)!.scope === "mcp:write");
  const reviewed = written.filter(({ id }) => today.get(id)!.review);
  const direct = written.filter(({ id }) => !today.get(id)!.review);
  return (
    <Notice tone="info" title="This app is connected already">
      <p>
        It may read {names(reached)}
        {direct.length > 0 ? `, and write to ${names(direct)}` : ""}
        {reviewed.length > 0 ? `, and write to ${names(reviewed)} after approval` : ""}. Allowing
        changes that connection; it does not make a second one.
      </p>
    </Notice>
  );
}

const READING = [
  "List, search, filter, join and count the rows of the tables chosen above, as far as field rules let it.",
  "Hand what it reads to the AI model behind it. What has been read cannot be called back.",
  "Nothing else of this team: no other endpoint, no tokens, no settings.",
];

/** What becomes of the changes: ticked, which is the safer of the two, whatever holds today. */
function Reviewing({ today }: ConsentChoices) {
  const direct = [...today.values()].some(({ scope, review }) => scope === "mcp:write" && !review);
  return (
    <Choices
      name="review"
      legend="If you allow writing"
      type="checkbox"
      chosen={["yes"]}
      options={[{
        value: "yes",
        label: "Each change waits until somebody here approves it",
        hint: direct
          ? "Today it changes rows at once. Left ticked, this ends that on the endpoints chosen above."
          : "Owners and admins see what it would do, and approve or reject it. Unticked, it changes rows at once.",
      }]}
    />
  );
}

function Writing({ request, choices, session }: ConsentProps) {
  if (!choices.takesWrites) {
    return (
      <p>
        It can only read: {choices.named.length > 0 ? names(choices.named) : "what you have here"}
        {" "}
        takes no changes from apps. Where an owner or admin turns that on, on the endpoint's page
        under Access, you can let this app write, too.
      </p>
    );
  }
  if (!choices.mayWrite) {
    return <p>Your role ({session.role}) only reads, so you cannot let an app write.</p>;
  }
  return (
    <>
      <Notice tone="warn" title="Writing changes your data">
        <p>
          {request.scope === "mcp:write"
            ? "The app asked for this, too. "
            : "The app did not ask for this. "}
          If you allow it, the app, and whatever text talks the model behind it into something, can
          insert, change and delete rows. Allow it only where you need it. You need not let them
          happen unseen: each change can wait for approval.
        </p>
      </Notice>
      <Choices
        name="write"
        legend="Allow writing?"
        type="checkbox"
        chosen={[]}
        options={[{
          value: "yes",
          label: "Also let it insert, change and delete rows",
          hint: [...choices.today.values()].some(({ scope }) => scope === "mcp:write")
            ? "It may today. Left unticked, this takes it away on the endpoints chosen above."
            : "Left unticked, it only reads. You can allow it later.",
        }]}
      />
      <Reviewing {...choices} />
    </>
  );
}

interface ConsentProps {
  request: AuthorizationRequest;
  choices: ConsentChoices;
  session: Session;
}

/** What a person decides by: who asks, where access goes, what it means. Nothing is ticked for them but what holds the app back. */
export function ConsentView(
  { query, chosen, fault, tables, typed, tablesFault, ...props }: ConsentProps & {
    /** The request as it came, to be read again with the decision. */
    query: string;
    chosen: readonly EndpointId[];
    fault?: string | undefined;
    /** The tables that can be chosen of the endpoints; as they were ticked, or stand today. */
    tables: readonly TableChoices[];
    typed: FormFields;
    tablesFault?: string | undefined;
  },
) {
  const { request, choices, session } = props;
  const { name } = request.client;
  const refuse = <Button name="decision" value="refuse">Deny</Button>;
  return (
    <>
      <PageHead
        title={`Authorize “${name}”?`}
        lead="An app asks for access to endpoints of this team. Nothing is allowed yet."
      />
      <Today choices={choices} />
      <Form action="/oauth/authorize">
        <input type="hidden" name="request" value={query} />
        <Hold>
          <Compartment id="who" title="Who asks" about="Is this the app you wanted to connect?">
            <Facts facts={[{ label: "App", value: <Visible text={name} /> }]} />
            <Doubts name={name} hosts={hostsOf(request)} />
            <Identity client={request.client} tenantName={session.tenantName} />
            <Destination redirect={request.redirect} name={name} />
          </Compartment>
          <Compartment id="you" title="Who allows" about="The app acts for this person.">
            <Facts
              facts={[
                { label: "Signed in as", value: session.email },
                { label: "Team", value: session.tenantName },
              ]}
            />
          </Compartment>
          <Compartment id="where" title="Where" about="It reaches what is ticked, nothing else.">
            {choices.endpoints.length === 0
              ? (
                <EmptyState
                  title="No endpoint to let it into"
                  action={<ButtonLink href="/endpoints/new">New endpoint</ButtonLink>}
                >
                  Create one first, then connect the app again.
                </EmptyState>
              )
              : (
                <Choices
                  name="endpoints"
                  legend="Endpoints"
                  type="checkbox"
                  chosen={chosen}
                  error={fault}
                  options={choices.endpoints.map(({ id, slug, name }) => ({
                    value: id,
                    label: name,
                    hint: choices.named.some((one) => one.id === id)
                      ? `${slug}: the app asks for this one`
                      : slug,
                  }))}
                />
              )}
          </Compartment>
          {tables.length > 0 && (
            <Compartment
              id="tables"
              title="Tables"
              about="All tables of the endpoints chosen above, unless you choose."
            >
              <TableReachFields endpoints={tables} typed={typed} error={tablesFault} />
            </Compartment>
          )}
          <Compartment id="reading" title="Reading" about="What allowing always means.">
            <ul>{READING.map((line) => <li key={line}>{line}</li>)}</ul>
          </Compartment>
          <Compartment id="writing" title="Writing" about="Never part of allowing by itself.">
            <Writing {...props} />
          </Compartment>
        </Hold>
        <p class="small soft">
          You can disconnect it at any time under{" "}
          <a href="/apps">Apps</a>; it is then refused at once.
        </p>
        <div class="row">
          {refuse}
          {choices.endpoints.length > 0 && (
            <Button tone="primary" name="decision" value="allow">{`Allow ${name}`}</Button>
          )}
        </div>
      </Form>
    </>
  );
}
