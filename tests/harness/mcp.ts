import { AppError } from "../../lib/errors.ts";
import type { Slug } from "../../lib/ids.ts";
import { createLog } from "../../lib/log.ts";
import { type McpHost, McpServer, type McpTarget } from "../../lib/mcp/mod.ts";

/** The slug of every target under test. */
export const MCP_SLUG = "movies-abc123" as Slug;

/** What each request of 2026-07-28 carries. */
export const MCP_META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

type Json = Record<string, unknown>;
type OptionalHeaders = Record<string, string | null>;

/** What tests read of a JSON-RPC answer. */
export interface McpBody {
  readonly id?: unknown;
  readonly result: Json & { readonly tools: Json[]; readonly structuredContent: Json };
  readonly error: { readonly code: number; readonly message: string; readonly data: Json };
}

/** An answer's JSON. */
export const mcpBody = async (response: Response): Promise<McpBody> => await response.json();

/** A target whose tools show what reaches them. */
export function echoTarget(overrides: Partial<McpTarget> = {}): McpTarget {
  return {
    owner: "anybody",
    caller: "anybody",
    serverInfo: '{"name":"test","version":"1"}',
    instructions: () => "Ask away.",
    listTools: () => '[{"name":"echo","inputSchema":{"type":"object"}}]',
    // deno-lint-ignore require-await -- what it throws must reject
    async callTool(name, args, context) {
      switch (name) {
        case "echo":
          return { fields: `"content":[],"structuredContent":${JSON.stringify({ args })}` };
        case "lines":
          context.progress(1, 2);
          context.progress(1, 2);
          context.progress(2, 2, "end");
          return { fields: '"content":[],\n "structuredContent":[1,\n 2]' };
        case "fault":
          throw new Error("secret detail of a driver");
        case "forbidden":
          throw new AppError("INSUFFICIENT_SCOPE", "This needs the ability rows:read.");
        case "asking":
          return { fields: '"inputRequests":{}', inputRequired: true };
        default:
          throw new AppError("UNKNOWN_TOOL");
      }
    },
    ...overrides,
  };
}

/** A server without a socket, and ways to speak to it. */
export interface McpHarness {
  readonly server: McpServer;
  readonly log: readonly string[];
  send(init: RequestInit): Promise<Response>;
  /** Posts a body: text as it stands, anything else as JSON. */
  post(body: unknown, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>;
  /** A request of the legacy era, under the id 7. */
  legacy(method: string, params?: Json, headers?: Record<string, string>): Promise<Response>;
  /** A request of 2026-07-28, under the id "a"; a header of null is left out. */
  modern(
    method: string,
    params?: Json,
    headers?: OptionalHeaders,
    meta?: Json,
  ): Promise<Response>;
}

/** Serves a target; without a host of its own everybody is let in. */
export function mcpHarness(
  target: McpTarget = echoTarget(),
  host: Partial<McpHost> = {},
): McpHarness {
  const log: string[] = [];
  const server = new McpServer({
    policy: {
      baseUrl: new URL("https://mcp.example"),
      allowedOrigins: new Set(["https://app.example"]),
    },
    log: createLog((line) => void log.push(line)),
    enter({ request }) {
      const owner = request.headers.get("authorization") ?? "anybody";
      return Promise.resolve({ ...target, owner, caller: owner });
    },
    ...host,
  });
  const send: McpHarness["send"] = (init) =>
    server.answer(
      new Request(`https://mcp.example/mcp/${MCP_SLUG}`, init),
      MCP_SLUG,
      "192.0.2.1",
    );
  const post: McpHarness["post"] = (body, headers = {}, signal) =>
    send({
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  return {
    server,
    log,
    send,
    post,
    legacy: (method, params, headers = {}) =>
      post({ jsonrpc: "2.0", id: 7, method, ...(params ? { params } : {}) }, {
        "mcp-protocol-version": "2025-11-25",
        ...headers,
      }),
    modern(method, params = {}, headers = {}, meta = MCP_META) {
      const name = params.name ?? params.uri;
      const sent: OptionalHeaders = {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        ...(typeof name === "string" ? { "mcp-name": name } : {}),
        ...headers,
      };
      const kept = Object.entries(sent).filter((entry): entry is [string, string] => !!entry[1]);
      return post(
        { jsonrpc: "2.0", id: "a", method, params: { ...params, _meta: meta } },
        Object.fromEntries(kept),
      );
    },
  };
}
