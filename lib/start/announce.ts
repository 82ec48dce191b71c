import type { Arguments } from "../launch/mod.ts";
import type { Services } from "../services.ts";
import { clientSnippets } from "../snippets.ts";
import type { ProgressDisplay } from "./display.ts";
import { type Quickstart, quickstart } from "./quickstart.ts";
import { signInLink } from "./sign_in.ts";

/** Where a start tells what it serves. */
export interface Announcement {
  readonly args: Arguments;
  /** Standard output: what a program may read. */
  readonly print: (line: string) => void;
  /** Standard error: what people read. */
  readonly display: ProgressDisplay;
  /** Where the log goes; null: to standard error. */
  readonly logFile: string | null;
  /** Asks a person yes or no; null where there is nobody. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  readonly stop: AbortSignal;
}

/** What people paste; the dashboard has the same for other clients. */
function told({ slug, mcpUrl, token, tokenKnown, signInUrl }: Quickstart): string[] {
  const [shell] = token ? clientSnippets({ name: slug, mcpUrl: mcpUrl.href, token }) : [];
  return [
    `MCP URL:  ${mcpUrl}`,
    token
      ? `Token:    ${token}  (shown this once)`
      : tokenKnown
      ? "Token:    the one that you have goes on working; --new-token creates another"
      : "Token:    none works any more; --new-token creates one",
    `Sign in:  ${signInUrl}  (works once, for 15 minutes)`,
    ...(shell ? [`${shell.client}:  ${shell.text}`] : []),
    "Other clients: sign in, or see docs/how-to/connect-a-client.md",
  ];
}

/** Does what the command line asks for, and says what is served: at most ten lines. */
export async function announce(input: Announcement, services: Services): Promise<void> {
  const { args, display, print } = input;
  const url = services.baseUrl.origin;
  const result = args.files.length
    ? await quickstart(services, { ...args, display, ask: input.ask, signal: input.stop })
    : null;
  const link = args.signIn ? await signInLink(services, args.signIn, display.finish) : null;
  if (input.logFile) display.finish(`Log:      ${input.logFile}`);
  display.finish(
    result || link || args.json
      ? `Bulkhead serves on ${url}. Ctrl-C stops.`
      : `Bulkhead serves on ${url}: open it to sign in or create an account. Ctrl-C stops.`,
  );
  if (args.json) {
    print(JSON.stringify({
      url,
      mcp_url: result?.mcpUrl.href ?? null,
      token: result?.token ?? null,
      sign_in_url: (result?.signInUrl ?? link)?.href ?? null,
    }));
  } else if (result) {
    told(result).forEach(print);
  } else if (link) {
    print(`Sign in:  ${link}  (as ${args.signIn!.email}; works once, for 15 minutes)`);
  }
}
