import { clientSnippets } from "../../snippets.ts";
import { CodeBlock } from "./code_block.tsx";

/** What stands in a snippet where the token is not known. */
const TOKEN_PLACEHOLDER = "YOUR_TOKEN";

interface SnippetsProps {
  /** The endpoint's slug: its name in the client. */
  name: string;
  url: string;
  token?: string | undefined;
}

/** What to paste into each client, one at a time; opens and closes without scripts. */
export function ClientSnippets({ name, url, token = TOKEN_PLACEHOLDER }: SnippetsProps) {
  return (
    <div class="leaves">
      {clientSnippets({ name, mcpUrl: url, token }).map(({ client, where, text }, index) => (
        <details key={client} name="clients" open={index === 0}>
          <summary>{client}</summary>
          <div class="stack">
            <CodeBlock label={`${client}, ${where}`} code={text} />
          </div>
        </details>
      ))}
    </div>
  );
}
