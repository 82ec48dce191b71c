import {
  CallToolRequestParamsSchema,
  CompleteRequestParamsSchema,
  GetPromptRequestParamsSchema,
  InitializeRequestParamsSchema,
  PaginatedRequestParamsSchema,
  ReadResourceRequestParamsSchema,
} from "@modelcontextprotocol/core";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { type Era, isObject, type JsonObject } from "./protocol.ts";
import { LEGACY_VERSIONS, LIST_TTL_MS, OFFERED_VERSIONS } from "./protocol.ts";
import { RpcError } from "./rpc_error.ts";
import type { CallContext, JsonText, McpTarget, Reply } from "./host.ts";

/** A method that one message answers. */
export interface Method {
  /** The eras that have it. */
  readonly eras: readonly Era[];
  run(
    target: McpTarget,
    params: JsonObject,
    context: CallContext,
    era: Era,
  ): Reply | Promise<Reply>;
}

const NO_ARGUMENTS: JsonObject = Object.freeze({});

const BOTH: readonly Era[] = ["modern", "legacy"];

/**
 * Validates parameters.
 *
 * @throws INVALID_ARGUMENTS naming the first fault's place; never what was sent there.
 */
export function check<T>(schema: z.ZodType<T>, params: JsonObject): T {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = ["params", ...(issue?.path ?? [])].map(String).join(".");
  throw new AppError("INVALID_ARGUMENTS", `${place}: ${issue?.message ?? "invalid"}.`);
}

/** What a client may keep, and for whom (2026-07-28, caching). Lists depend on the credential. */
const CACHE_HINTS = `"ttlMs":${LIST_TTL_MS},"cacheScope":"private"`;

function cacheable(reply: Reply, era: Era): Reply {
  if (era === "legacy" || reply.inputRequired) return reply;
  return { fields: `${reply.fields},${CACHE_HINTS}` };
}

/** A list in one page: nobody was ever given a cursor. */
function list(member: string, items: (target: McpTarget) => JsonText | Promise<JsonText>): Method {
  return {
    eras: BOTH,
    async run(target, params, _context, era) {
      const { cursor } = check(PaginatedRequestParamsSchema, params);
      if (cursor !== undefined) throw new AppError("INVALID_ARGUMENTS", "The cursor is unknown.");
      return cacheable({ fields: `"${member}":${await items(target)}` }, era);
    },
  };
}

function missing(): never {
  throw new AppError("METHOD_NOT_FOUND");
}

const readResource: Method = {
  eras: BOTH,
  async run(target, params, context, era) {
    const { uri } = check(ReadResourceRequestParamsSchema, params);
    try {
      return cacheable(await (target.resources ?? missing()).read(uri, context), era);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "NOT_FOUND") throw error;
      // The legacy revisions have a code of their own for it (2025-11-25, resources).
      const code = era === "legacy" ? -32002 : error.kind.rpc;
      throw new RpcError(code, 200, error.detail ?? "There is no such resource.", { uri });
    }
  },
};

const callTool: Method = {
  eras: BOTH,
  run(target, params, context) {
    let { name, arguments: args = NO_ARGUMENTS } = params;
    // The usual form is told by hand: the schema takes longer than a short call, and is for what it faults.
    if (typeof name !== "string" || !isObject(args) || params.task !== undefined) {
      ({ name, arguments: args = NO_ARGUMENTS } = check(CallToolRequestParamsSchema, params));
    }
    // As sent, not as zod copies it: the tool has its own schema, which is to see each key.
    return target.callTool(name as string, args as JsonObject, context);
  },
};

const discover: Method = {
  eras: ["modern"],
  run(target, _params, _context, era) {
    const instructions = target.instructions();
    return cacheable({
      fields: [
        `"supportedVersions":${JSON.stringify(OFFERED_VERSIONS)}`,
        `"capabilities":${JSON.stringify(capabilitiesOf(target, era))}`,
        ...(instructions ? [`"instructions":${JSON.stringify(instructions)}`] : []),
      ].join(","),
    }, era);
  },
};

const initialize: Method = {
  eras: ["legacy"],
  run(target, params, _context, era) {
    const { protocolVersion } = check(InitializeRequestParamsSchema, params);
    const version = LEGACY_VERSIONS.includes(protocolVersion)
      ? protocolVersion
      : LEGACY_VERSIONS[0];
    const instructions = target.instructions();
    return {
      fields: [
        `"protocolVersion":"${version}"`,
        `"capabilities":${JSON.stringify(capabilitiesOf(target, era))}`,
        `"serverInfo":${target.serverInfo}`,
        ...(instructions ? [`"instructions":${JSON.stringify(instructions)}`] : []),
      ].join(","),
    };
  },
};

/** Every method that one message answers; `subscriptions/listen` is answered by a stream. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["tools/call", callTool],
  ["tools/list", list("tools", (target) => target.listTools())],
  ["resources/list", list("resources", (target) => (target.resources ?? missing()).list())],
  [
    "resources/templates/list",
    list("resourceTemplates", (target) => (target.resources ?? missing()).templates()),
  ],
  ["resources/read", readResource],
  ["prompts/list", list("prompts", (target) => (target.prompts ?? missing()).list())],
  ["prompts/get", {
    eras: BOTH,
    run(target, params, context) {
      const { name, arguments: args = {} } = check(GetPromptRequestParamsSchema, params);
      return (target.prompts ?? missing()).get(name, args, context);
    },
  }],
  ["completion/complete", {
    eras: BOTH,
    run(target, params) {
      const complete = target.prompts?.complete ?? missing();
      check(CompleteRequestParamsSchema, params);
      return complete(params);
    },
  }],
  ["server/discover", discover],
  ["initialize", initialize],
  ["ping", { eras: ["legacy"], run: () => ({ fields: "" }) }],
]);
