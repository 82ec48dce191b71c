import { may } from "../../lib/auth/mod.ts";
import { isId, type TokenId } from "../../lib/ids.ts";
import { listTokens } from "../../lib/tokens/mod.ts";
import { ButtonLink, EmptyState, memberPage, PageHead, TokenTable } from "../../lib/web/mod.ts";

/** `/tokens`: every token of the tenant that is not revoked. */
export const tokensPage = memberPage("/tokens", {
  async get(page) {
    const after = page.url.searchParams.get("after") ?? "";
    const { tokens, next } = await listTokens(page.services, page.scope, {
      after: isId(after) ? after as TokenId : null,
      limit: 50,
    });
    const mayChange = may(page.session.role, "tokens:write");
    const add = mayChange && (
      <ButtonLink href="/tokens/new" tone="primary">Create token</ButtonLink>
    );
    return page.render(
      { title: "Tokens", section: "tokens" },
      <>
        <PageHead
          title="Tokens"
          lead="An agent proves with a token that you let it in. Each says what it may do, and where, and does no more than who created it may do today."
          actions={tokens.length > 0 && add}
        />
        {tokens.length === 0
          ? (
            <EmptyState title="No tokens yet" action={add}>
              Create one for each agent, so that you can revoke one without stopping the others.
            </EmptyState>
          )
          : (
            <TokenTable
              tokens={tokens}
              now={page.services.clock.now()}
              mayChange={mayChange}
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
