import type { CallSignal } from "../call_signal.ts";
import { enterEndpoint, lookAhead } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import { clientOf } from "../http/mod.ts";
import type { Slug } from "../ids.ts";
import { noteStepUp } from "../oauth/mod.ts";
import { type EndpointScope, reachIn, type RequestScope, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import { authenticate, countCall } from "../tokens/mod.ts";
import {
  callTool,
  type CompiledManifest,
  instructions,
  listResources,
  loadManifest,
  readResource,
  resourceTemplates,
  type ToolAnswer,
  toolList,
} from "../tools/mod.ts";
import type {
  CallContext,
  Change,
  JsonText,
  McpHost,
  McpRequest,
  McpResources,
  McpTarget,
  Reply,
} from "./host.ts";
import type { JsonObject } from "./protocol.ts";

const VERSION = "0.1.0";

/** How often a subscription asks whether the endpoint has changed, and whether it may still ask. */
const WATCH_MS = 1_000;

/** Authenticates a request. */
async function scopeOf(
  services: Services,
  { request, requestId, slug, peer, call }: McpRequest,
): Promise<RequestScope> {
  const { address, network } = clientOf(request, peer, services);
  const authorization = request.headers.get("authorization");
  const presented = { address, network, requestId, authorization, kind: "mcp" } as const;
  const principal = await authenticate(services, presented, () => lookAhead(services, slug));
  return { requestId, principal, tenantId: principal.tenantId, network, signal: call };
}

async function enter(services: Services, scope: RequestScope, slug: Slug): Promise<EndpointScope> {
  try {
    return await enterEndpoint(services, scope, slug);
  } catch (error) {
    services.denials.record(scope, error, "enter");
    // An access token for another audience is none here: the client is told to ask for one that is,
    // in the same words whether the endpoint exists or not.
    const elsewhere = error instanceof AppError && error.code === "ACCESS_DENIED";
    if (elsewhere && scope.principal.grantId) throw new AppError("AUTHENTICATION_REQUIRED");
    throw error;
  }
}

/**
 * Authenticates, counts the call, then enters: nothing is said of a slug to who is not known.
 *
 * @throws AUTHENTICATION_REQUIRED, also for an access token of another audience; RATE_LIMITED,
 * ACCESS_DENIED, ENDPOINT_NOT_READY.
 */
export async function enterWithToken(
  services: Services,
  request: McpRequest,
): Promise<EndpointScope> {
  const scope = await scopeOf(services, request);
  countCall(services, scope.principal);
  return await enter(services, scope, request.slug);
}

/** One endpoint as one principal sees it. */
class EndpointTarget implements McpTarget {
  constructor(
    readonly services: Services,
    readonly scope: EndpointScope,
    readonly manifest: CompiledManifest,
    readonly request: McpRequest,
  ) {}

  async afresh(): Promise<McpTarget> {
    const { services, request } = this;
    const scope = await scopeOf(services, request);
    // Nothing was said of the credential since: mostly the very same answer of its cache.
    if (scope.principal === this.scope.principal) return this;
    return await targetOf(services, await enter(services, scope, request.slug), request);
  }

  get owner(): string {
    return String(this.scope.principal.tokenId);
  }

  get caller(): string {
    return `${this.owner}\0${this.scope.endpoint.id}\0${this.scope.network}`;
  }

  get serverInfo(): JsonText {
    const title = JSON.stringify(this.scope.endpoint.name);
    return `{"name":"bulkhead","title":${title},"version":"${VERSION}"}`;
  }

  instructions(): string | undefined {
    const { abilities } = this.scope.principal;
    return abilities.has("rows:read") ? instructions(this.manifest) : undefined;
  }

  listTools(): JsonText {
    return toolList(this.manifest, this.scope.principal);
  }

  async callTool(name: string, args: JsonObject, context: CallContext): Promise<Reply> {
    try {
      const answer = callTool(this.services, this.scope, this.manifest, name, args);
      if (!context.wantsProgress) return toReply(await answer);
      // What is refused before any query is refused in plain HTTP, with its status.
      await Promise.race([answer, nextTask()]);
      context.progress(0, 1, `${name} has started.`);
      const reply = toReply(await answer);
      context.progress(1, 1, `${name} is done.`);
      return reply;
    } catch (error) {
      return await this.refuse(error, name, name);
    }
  }

  /** Keeps what the principal was refused, and which tool, where it was one. */
  async refuse(error: unknown, what: string, tool?: string): Promise<never> {
    this.services.denials.record(this.scope, error, what, this.scope.endpoint.id, tool);
    await noteStepUp(this.services, this.scope.principal, error);
    throw error;
  }

  /** Answers what may be answered to those who may read the rows. */
  async readable<T>(what: string, answer: (manifest: CompiledManifest) => T): Promise<T> {
    try {
      requireAbility(this.scope.principal, "rows:read");
      return answer(this.manifest);
    } catch (error) {
      return await this.refuse(error, what);
    }
  }

  // Resources tell the schema, which is for those who may read the rows.
  get resources(): McpResources {
    return {
      list: () =>
        this.readable("resources/list", (manifest) => JSON.stringify(listResources(manifest))),
      templates: () =>
        this.readable(
          "resources/templates/list",
          (manifest) => JSON.stringify(resourceTemplates(manifest)),
        ),
      read: (uri) =>
        this.readable("resources/read", (manifest) => {
          const contents = readResource(manifest, uri, this.scope);
          if (!contents) throw new AppError("NOT_FOUND", "There is no such resource.");
          return { fields: `"contents":[${JSON.stringify(contents)}]` };
        }),
    };
  }

  async watch(tell: (change: Change) => void, signal: CallSignal): Promise<void> {
    const { services, request } = this;
    let { version } = this.manifest;
    let known = this.manifest;
    while (await pause(WATCH_MS, signal)) {
      // Its own look whether it may go on is no call of the client's.
      const scope = await enter(services, await scopeOf(services, request), request.slug);
      if (scope.endpoint.manifestVersion === version) continue;
      version = scope.endpoint.manifestVersion;
      const now = await loadManifest(services, scope);
      // What became of tables that the credential does not reach is nothing to it.
      const same = reachIn(scope.principal, scope.endpoint.id) !== null && sameTables(known, now);
      known = now;
      if (same) continue;
      tell("tools");
      tell("resources");
    }
  }
}

/** Whether two manifests tell the same. */
function sameTables(one: CompiledManifest, other: CompiledManifest): boolean {
  const told = ({ tables }: CompiledManifest) =>
    JSON.stringify([...tables.values()].map((table) => [table, [...table.columns.values()]]));
  return told(one) === told(other);
}

function toReply({ text, structured, isError }: ToolAnswer): Reply {
  const content = `"content":[{"type":"text","text":${JSON.stringify(text)}}]`;
  const rest = structured === null ? "" : `,"structuredContent":${structured}`;
  return { fields: `${content}${rest}${isError ? ',"isError":true' : ""}` };
}

/** Waits until what is ready now has had its turn. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Waits; answers false as soon as the signal aborts. */
function pause(ms: number, signal: CallSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** What a request that is let in is served with. */
async function targetOf(services: Services, scope: EndpointScope, request: McpRequest) {
  return new EndpointTarget(services, scope, await loadManifest(services, scope), request);
}

/** The host of every tenant's endpoints. */
export function endpointHost(services: Services): McpHost {
  return {
    policy: services,
    log: services.log,
    async enter(request) {
      return await targetOf(services, await enterWithToken(services, request), request);
    },
  };
}
