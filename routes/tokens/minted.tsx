import { z } from "zod";
import { listTokens, type TokenView } from "../../lib/tokens/mod.ts";
import {
  ClientSnippets,
  CodeBlock,
  Compartment,
  Hold,
  memberPage,
  Notice,
  PageHead,
} from "../../lib/web/mod.ts";

const kept = z.object({ token: z.string(), id: z.string() });

interface MintedProps {
  token: string;
  view: TokenView | undefined;
  mcpUrl: (slug: string) => string;
}

function Minted({ token, view, mcpUrl }: MintedProps) {
  const endpoints = view && view.endpoints !== "all" ? view.endpoints : [];
  return (
    <>
      <PageHead
        title={view ? `Token for ${view.name}` : "Your token"}
        crumbs={[{ href: "/tokens", label: "Tokens" }]}
      />
      <Notice tone="warn" title="Copy it now">
        This is the only time that it is shown. We keep a hash, from which it cannot be made again.
      </Notice>
      <Hold>
        <Compartment id="token" title="Token" about="Treat it as a password.">
          <CodeBlock label="Token" code={token} />
        </Compartment>
        {endpoints.map(({ slug, name }) => (
          <Compartment
            key={slug}
            id={slug}
            title={`Connect to ${name}`}
            about="With the token in it."
          >
            <ClientSnippets name={slug} url={mcpUrl(slug)} token={token} />
          </Compartment>
        ))}
      </Hold>
    </>
  );
}

/** `/tokens/minted`: where minting and rotating lead; shows the token once and then never again. */
export const mintedTokenPage = memberPage("/tokens/minted", {
  async get(page) {
    const text = await page.takeOnce();
    if (text === null) return page.redirect("/tokens");
    const { token, id } = kept.parse(JSON.parse(text));
    const { tokens } = await listTokens(page.services, page.scope);
    return page.render(
      { title: "Your token", section: "tokens" },
      <Minted
        token={token}
        view={tokens.find((one) => one.id === id)}
        mcpUrl={(slug) => new URL(`/mcp/${slug}`, page.services.baseUrl).href}
      />,
    );
  },
});
