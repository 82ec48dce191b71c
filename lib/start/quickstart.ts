import { basename } from "node:path";
import { type Account, createSignInLink, localAccount } from "../auth/mod.ts";
import { SYSTEM_ACTOR } from "../audit/mod.ts";
import { createEndpoint, enterEndpoint, listEndpoints } from "../endpoints/mod.ts";
import { newId, type TokenId } from "../ids.ts";
import type { Arguments } from "../launch/mod.ts";
import { ABILITIES, type EndpointScope, type RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { listTokens, mintToken, type TokenPage, type TokenView } from "../tokens/mod.ts";
import type { ProgressDisplay } from "./display.ts";
import { serveFile } from "./serve_file.ts";

// A start says at most ten lines, of which the files have three.
const FILE_LINES = 3;

/** What a start with files ends in. */
export interface Quickstart {
  readonly slug: string;
  readonly mcpUrl: URL;
  /** A token that this start created; null where it created none. */
  readonly token: string | null;
  /** Whether a token that an earlier start created works. */
  readonly tokenKnown: boolean;
  readonly signInUrl: URL;
}

const TOKEN_NAME = "Command line";

function localScope(account: Account, signal: AbortSignal): RequestScope {
  return {
    requestId: newId(),
    principal: {
      // On this machine's own command line: everything in the local account's tenant.
      kind: "system",
      tenantId: account.tenantId,
      userId: account.userId,
      tokenId: null,
      label: "command line",
      scope: "mcp",
      abilities: new Set(ABILITIES),
      role: "owner",
      review: false,
      endpoints: "all",
    },
    tenantId: account.tenantId,
    network: null,
    signal,
  };
}

/** The endpoint of that name, created where there is none. */
async function endpointNamed(
  services: Services,
  scope: RequestScope,
  name: string,
): Promise<{ readonly endpoint: EndpointScope; readonly created: boolean }> {
  const known = (await listEndpoints(services, scope)).find((endpoint) => endpoint.name === name);
  return known
    ? { endpoint: await enterEndpoint(services, scope, known.slug), created: false }
    : { endpoint: await createEndpoint(services, scope, name), created: true };
}

/** Whether a token of an earlier start works for the endpoint. */
async function hasToken(services: Services, scope: EndpointScope): Promise<boolean> {
  const now = services.clock.now();
  const works = (token: TokenView) =>
    token.name === TOKEN_NAME && (!token.expiresAt || token.expiresAt.getTime() > now) &&
    token.endpoints !== "all" &&
    token.endpoints.some((endpoint) => endpoint.id === scope.endpoint.id);
  for (let after: TokenId | null = null;;) {
    const page: TokenPage = await listTokens(services, scope, { after });
    if (page.tokens.some(works)) return true;
    if (!page.next) return false;
    after = page.next;
  }
}

async function createToken(services: Services, scope: EndpointScope): Promise<string> {
  const { token } = await mintToken(services, scope, {
    name: TOKEN_NAME,
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [scope.endpoint.id],
  });
  return token;
}

/** What the command line asks for, and whom to ask what it leaves open. */
export interface QuickstartInput extends Pick<Arguments, "files" | "newToken" | "replace"> {
  readonly display: ProgressDisplay;
  /** Asks a person yes or no; null where there is nobody. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  readonly signal: AbortSignal;
}

/**
 * Serves files at once: a local account, an endpoint named after the first file, its data, a token.
 * What an earlier start did is kept: the endpoint, what was imported, and its token.
 *
 * @throws StartupError where a file cannot be imported.
 */
export async function quickstart(services: Services, input: QuickstartInput): Promise<Quickstart> {
  const { files, display } = input;
  const account = await localAccount(services, SYSTEM_ACTOR);
  const scope = localScope(account, input.signal);
  const name = basename(files[0]!).replace(/\.[^.]*$/, "") || basename(files[0]!);
  const { endpoint, created } = await endpointNamed(services, scope, name);
  const lines: string[] = [];
  for (const path of files) lines.push(await serveFile(services, endpoint, path, input));
  const shown = lines.length > FILE_LINES ? lines.slice(0, FILE_LINES - 1) : lines;
  for (const line of shown) display.finish(line);
  if (shown.length < lines.length) {
    display.finish(`… and ${lines.length - shown.length} more files.`);
  }
  const tokenKnown = !created && await hasToken(services, endpoint);
  return {
    slug: endpoint.endpoint.slug,
    mcpUrl: new URL(`/mcp/${endpoint.endpoint.slug}`, services.baseUrl),
    token: created || input.newToken ? await createToken(services, endpoint) : null,
    tokenKnown,
    signInUrl: await createSignInLink(services, account),
  };
}
