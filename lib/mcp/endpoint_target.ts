import { AppError } from "../errors.ts";
import { noteStepUp } from "../oauth/mod.ts";
import { type EndpointScope, reachIn, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
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
import type { JsonObject } from "./protocol.ts";
import type { CallContext, Change, JsonText, McpResources, McpTarget, Reply } from "./target.ts";

const VERSION = "0.1.0";

/** How often a subscription asks whether the endpoint has changed, and whether it may still ask. */
const WATCH_MS = 1_000;

/** One endpoint as one principal sees it. */
class EndpointTarget implements McpTarget {
  constructor(
    readonly services: Services,
    readonly scope: EndpointScope,
    readonly manifest: CompiledManifest,
    readonly reenter: () => Promise<EndpointScope>,
  ) {}

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
    const scope = { ...this.scope, signal: context.signal };
    const answer = this.noting(
      name,
      () => callTool(this.services, scope, this.manifest, name, args),
      name,
    );
    if (!context.wantsProgress) return toReply(await answer);
    // What is refused before any query is refused in plain HTTP, with its status.
    await Promise.race([answer, nextTask()]);
    context.progress(0, 1, `${name} has started.`);
    const reply = toReply(await answer);
    context.progress(1, 1, `${name} is done.`);
    return reply;
  }

  /** Keeps what the principal was refused, and which tool, where it was one. */
  async noting<T>(what: string, run: () => T | Promise<T>, tool?: string): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.services.denials.record(this.scope, error, what, this.scope.endpoint.id, tool);
      await noteStepUp(this.services, this.scope.principal, error);
      throw error;
    }
  }

  get resources(): McpResources {
    const { manifest, scope: { principal } } = this;
    // Resources tell the schema, which is for those who may read the rows.
    const readable = () => {
      requireAbility(principal, "rows:read");
      return manifest;
    };
    return {
      list: () => this.noting("resources/list", () => JSON.stringify(listResources(readable()))),
      templates: () =>
        this.noting(
          "resources/templates/list",
          () => JSON.stringify(resourceTemplates(readable())),
        ),
      read: (uri) =>
        this.noting("resources/read", () => {
          const contents = readResource(readable(), uri, this.scope);
          if (!contents) throw new AppError("NOT_FOUND", "There is no such resource.");
          return { fields: `"contents":[${JSON.stringify(contents)}]` };
        }),
    };
  }

  async watch(tell: (change: Change) => void, signal: AbortSignal): Promise<void> {
    let { version } = this.manifest;
    let known = this.manifest;
    while (await pause(WATCH_MS, signal)) {
      const scope = await this.reenter();
      if (scope.endpoint.manifestVersion === version) continue;
      version = scope.endpoint.manifestVersion;
      const now = await loadManifest(this.services, scope);
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
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
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

/**
 * Makes the MCP server of an endpoint that a request has entered.
 *
 * @param reenter Authenticates and enters again: a subscription outlives the request's own check.
 */
export function endpointTarget(
  services: Services,
  scope: EndpointScope,
  manifest: CompiledManifest,
  reenter: () => Promise<EndpointScope>,
): McpTarget {
  return new EndpointTarget(services, scope, manifest, reenter);
}
