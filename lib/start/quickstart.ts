import { basename } from "node:path";
import { type Account, createSignInLink, localAccount } from "../auth/mod.ts";
import { SYSTEM_ACTOR } from "../audit/mod.ts";
import { createEndpoint, enterEndpoint, listEndpoints } from "../endpoints/mod.ts";
import { newId } from "../ids.ts";
import { DuplicateFile, getIngest, type IngestView, startIngest } from "../ingest/mod.ts";
import { ABILITIES, type EndpointScope, type RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { listTokens, mintToken, rotateToken } from "../tokens/mod.ts";

/** What a start with files ends in. */
export interface Quickstart {
  readonly slug: string;
  readonly mcpUrl: URL;
  readonly token: string;
  readonly signInUrl: URL;
}

/** Tells people how far a load is. */
export interface ProgressDisplay {
  /** Replaces the line that is being shown. */
  update(text: string): void;
  /** Ends it with a line that stays. */
  finish(text: string): void;
}

const TOKEN_NAME = "Command line";
const POLL_MS = 150;
const UNDER_WAY: ReadonlySet<IngestView["status"]> = new Set(["uploading", "queued", "running"]);

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
      review: false,
      endpoints: "all",
    },
    tenantId: account.tenantId,
    network: null,
    signal,
  };
}

/** The endpoint of that name, made where there is none. */
async function endpointNamed(
  services: Services,
  scope: RequestScope,
  name: string,
): Promise<EndpointScope> {
  const known = (await listEndpoints(services, scope)).find((endpoint) => endpoint.name === name);
  return known ? enterEndpoint(services, scope, known.slug) : createEndpoint(services, scope, name);
}

function describe(view: IngestView): string {
  const { progress } = view;
  if (!progress) return `${view.fileName}: waiting …`;
  const share = progress.bytesTotal > 0
    ? ` ${Math.floor(100 * progress.bytesDone / progress.bytesTotal)} %`
    : "";
  const rows = progress.rows > 0 ? `, ${progress.rows.toLocaleString("en-US")} rows` : "";
  return `${view.fileName}: ${progress.phase}${share}${rows} …`;
}

function outcome(view: IngestView): string {
  const tables = view.report?.tables ?? [];
  const counts = tables.map((table) =>
    `${table.name} (${table.rows.toLocaleString("en-US")} rows)`
  );
  const rejects = tables.reduce((sum, table) => sum + table.rejected, 0);
  return `${view.fileName}: ${counts.join(", ")}` +
    (rejects ? `; ${rejects} rows were set aside, see the dashboard` : "");
}

/** Hands one file in; answers the load of the same bytes where there is one. */
async function handIn(services: Services, scope: EndpointScope, path: string): Promise<IngestView> {
  const file = await Deno.open(path, { read: true });
  try {
    return await startIngest(services, scope, {
      fileName: basename(path),
      body: file.readable,
      options: { mode: "create" },
      allowDuplicate: false,
    });
  } catch (error) {
    if (error instanceof DuplicateFile) return error.earlier;
    throw error;
  }
}

/** Loads one file and waits for its end. Bytes that were loaded before are a success. */
async function load(
  services: Services,
  scope: EndpointScope,
  path: string,
  display: ProgressDisplay,
): Promise<void> {
  let view = await handIn(services, scope, path);
  if (view.status === "done") return display.finish(`${basename(path)}: already loaded`);
  while (UNDER_WAY.has(view.status)) {
    scope.signal.throwIfAborted();
    display.update(describe(view));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    view = await getIngest(services, scope, view.id);
  }
  if (view.status !== "done") {
    const reason = view.error?.detail ?? view.error?.code ?? view.status;
    throw new Error(`${view.fileName} was not loaded: ${reason}`);
  }
  display.finish(outcome(view));
}

/** A token for the endpoint: a new one at the first start, the same one's successor at every later. */
async function endpointToken(services: Services, scope: EndpointScope): Promise<string> {
  const { id } = scope.endpoint;
  let page = await listTokens(services, scope);
  for (;;) {
    const known = page.tokens.find((token) =>
      token.name === TOKEN_NAME && token.endpoints !== "all" &&
      token.endpoints.some((endpoint) => endpoint.id === id)
    );
    if (known) return (await rotateToken(services, scope, known.id)).token;
    if (!page.next) break;
    page = await listTokens(services, scope, { after: page.next });
  }
  const minted = await mintToken(services, scope, {
    name: TOKEN_NAME,
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [id],
  });
  return minted.token;
}

/** Serves files at once: a local account, an endpoint named after the first file, its data, a token. */
export async function quickstart(
  services: Services,
  files: readonly string[],
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<Quickstart> {
  const account = await localAccount(services, SYSTEM_ACTOR);
  const scope = localScope(account, signal);
  const name = basename(files[0]!).replace(/\.[^.]*$/, "") || basename(files[0]!);
  const endpoint = await endpointNamed(services, scope, name);
  for (const path of files) await load(services, endpoint, path, display);
  return {
    slug: endpoint.endpoint.slug,
    mcpUrl: new URL(`/mcp/${endpoint.endpoint.slug}`, services.baseUrl),
    token: await endpointToken(services, endpoint),
    signInUrl: await createSignInLink(services, account),
  };
}
