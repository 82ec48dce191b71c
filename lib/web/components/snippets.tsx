import type { FunctionComponent } from "preact";
import { clientSnippets } from "../../snippets.ts";
import { CodeBlock } from "./code_block.tsx";

/** What stands in a snippet where the token is not known. */
const TOKEN_PLACEHOLDER = "YOUR_TOKEN";

interface SnippetsProps {
  /** The endpoint's slug: its name in the client. */
  name: string;
  url: string;
  token?: string | undefined;
  copy: FunctionComponent<{ text: string; label: string }>;
}

/** What to paste into each client, one at a time; opens and closes without scripts. */
export function ClientSnippets({ name, url, token = TOKEN_PLACEHOLDER, copy }: SnippetsProps) {
  return (
    <div class="clients">
      {clientSnippets({ name, mcpUrl: url, token }).map(({ client, where, text }, index) => (
        <details key={client} name="clients" open={index === 0}>
          <summary>{client}</summary>
          <div class="stack">
            <p class="small soft">{`Paste it ${where}.`}</p>
            <CodeBlock label={`For ${client}`} code={text} copy={copy} />
          </div>
        </details>
      ))}
    </div>
  );
}
