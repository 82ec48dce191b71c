import { isId, type TokenId } from "../../lib/ids.ts";
import { listTokens, type TokenView } from "../../lib/tokens/mod.ts";
import {
  ABILITY_TEXT,
  Badge,
  Button,
  ButtonLink,
  type Column,
  Confirm,
  EmptyState,
  Form,
  memberPage,
  PageHead,
  Table,
  Time,
} from "../../lib/web/mod.ts";

function Reach({ endpoints }: Pick<TokenView, "endpoints">) {
  if (endpoints === "all") return <Badge tone="warn">Every endpoint</Badge>;
  if (endpoints.length === 0) return <Badge>Nothing any more</Badge>;
  return (
    <ul class="plain">
      {endpoints.map(({ slug, name }) => (
        <li key={slug}>
          <a href={`/endpoints/${slug}`}>{name}</a>
        </li>
      ))}
    </ul>
  );
}

function Actions({ token }: { token: TokenView }) {
  return (
    <div class="row">
      <Confirm summary="Rotate" label={`Rotate ${token.name}`} quiet mild>
        <p class="small">
          You get a new token of the same name, abilities and reach. This one stops at once.
        </p>
        <Form action={`/tokens/${token.id}/rotate`} inline>
          <Button tone="primary" label={`Rotate ${token.name} now`}>Rotate now</Button>
        </Form>
      </Confirm>
      <Confirm summary="Revoke" label={`Revoke ${token.name}`} quiet>
        <p class="small">Whoever uses this token is refused at once.</p>
        <Form action={`/tokens/${token.id}/revoke`} inline>
          <Button tone="danger solid" label={`Revoke ${token.name} now`}>Revoke now</Button>
        </Form>
      </Confirm>
    </div>
  );
}

const columns = (now: number): Column<TokenView>[] => [
  {
    head: "Name",
    cell: ({ name, prefix }) => (
      <>
        {name}
        <br />
        <code class="soft">{prefix}…</code>
      </>
    ),
  },
  {
    head: "May",
    cell: ({ abilities }) => (
      <ul class="plain">
        {abilities.map((ability) => <li key={ability}>{ABILITY_TEXT[ability].label}</li>)}
      </ul>
    ),
  },
  { head: "Reaches", cell: ({ endpoints }) => <Reach endpoints={endpoints} /> },
  { head: "Last used", cell: ({ lastUsedAt }) => lastUsedAt ? <Time at={lastUsedAt} /> : "Never" },
  {
    head: "Expires",
    cell: ({ expiresAt }) =>
      !expiresAt
        ? "Never"
        : expiresAt.getTime() <= now
        ? <Badge tone="danger">Expired</Badge>
        : <Time at={expiresAt} />,
  },
  { head: "Actions", headHidden: true, cell: (token) => <Actions token={token} /> },
];

/** `/tokens`: every token of the tenant that is not revoked. */
export const tokensPage = memberPage("/tokens", {
  async get(page) {
    const after = page.url.searchParams.get("after") ?? "";
    const { tokens, next } = await listTokens(page.services, page.scope, {
      after: isId(after) ? after as TokenId : null,
      limit: 50,
    });
    const add = <ButtonLink href="/tokens/new" tone="primary">New token</ButtonLink>;
    return page.render(
      { title: "Tokens", section: "tokens" },
      <>
        <PageHead
          title="Tokens"
          lead="An agent proves with a token that you let it in. Each says what it may do, and where."
          actions={tokens.length > 0 && add}
        />
        {tokens.length === 0
          ? (
            <EmptyState title="No tokens yet" action={add}>
              Mint one for each agent, so that you can revoke one without stopping the others.
            </EmptyState>
          )
          : (
            <Table
              caption="Tokens"
              columns={columns(page.services.clock.now())}
              rows={tokens}
            />
          )}
        {next && (
          <p>
            <a href={`/tokens?after=${next}`}>Older tokens</a>
          </p>
        )}
      </>,
    );
  },
});
