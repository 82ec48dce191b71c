import { AppError, type ErrorCode, toAppError } from "../errors.ts";
import { type EndpointScope, mayLetWrite, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import type { ToolAnswer } from "./answer.ts";
import { parseArgs } from "./args.ts";
import { type Call, createCall } from "./call.ts";
import { TOOLS } from "./catalogue.ts";
import type { CompiledManifest } from "./manifest/compile.ts";
import { findTable, hint, quoted } from "./names.ts";
import type { Tool } from "./tool.ts";

// These are no faults of the arguments: the protocol answers them, not the tool.
const PROTOCOL_ERRORS: ReadonlySet<ErrorCode> = new Set([
  "UNKNOWN_TOOL",
  "INSUFFICIENT_SCOPE",
  "ACCESS_DENIED",
  "ENDPOINT_NOT_READY",
  "CANCELLED",
]);

/** The arguments with the table taken out of them. */
function tableArgument(call: Call, args: Record<string, unknown>) {
  const { table, ...rest } = args;
  if (typeof table !== "string") {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `\`table\` ${table === undefined ? "is missing" : "must be a text"}; ` +
        hint("", call.manifest.tables.keys(), "tables"),
    );
  }
  return { table: findTable(call.manifest, table), rest };
}

/** Runs a tool on the arguments that it was given, judged once, by its own schema. */
function runTool(call: Call, tool: Tool, args: unknown): Promise<ToolAnswer> {
  const given = args ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new AppError("INVALID_ARGUMENTS", "the arguments are one JSON object");
  }
  const known = Object.keys(tool.args.shape);
  if (tool.on === "endpoint") return tool.run(call, parseArgs(tool.args, known, given));
  const { table, rest } = tableArgument(call, given as Record<string, unknown>);
  return tool.run(call, table, parseArgs(tool.args, ["table", ...known], rest));
}

/** A fault as the model reads it: what is wrong and what to do about it. */
function errorAnswer(error: AppError, requestId: string): ToolAnswer {
  const { title, next } = error.kind;
  const text = error.code === "INTERNAL"
    ? `${title} ${next} (request ${requestId})`
    : error.detail ?? `${title} ${next}`;
  return { text, structured: null, isError: true };
}

/**
 * Calls a tool: validates, checks the ability, runs over the reader's connection, and tells faults of
 * the arguments as the tool's own answer (SEP-1303), so that a model can correct them.
 *
 * @throws AppError UNKNOWN_TOOL, INSUFFICIENT_SCOPE, ACCESS_DENIED, ENDPOINT_NOT_READY or CANCELLED.
 */
export async function callTool(
  services: Services,
  scope: EndpointScope,
  manifest: CompiledManifest,
  name: string,
  args: unknown,
): Promise<ToolAnswer> {
  // The manifest alone answers some calls, so it has to be this very endpoint's.
  if (manifest.endpointId !== scope.endpoint.id) throw new AppError("ACCESS_DENIED");
  const tool = TOOLS.get(name);
  if (!tool) {
    throw new AppError(
      "UNKNOWN_TOOL",
      `no tool ${quoted(name)}; ${hint(name, TOOLS.keys(), "tools")}`,
    );
  }
  const started = performance.now();
  let status = "ok";
  try {
    const { abilities, grantId } = scope.principal;
    // Before the scope is: an app would ask its person for what is of no use here.
    if (tool.writes && grantId && scope.endpoint.settings.writes === "off") {
      throw new AppError("WRITES_OFF");
    }
    if (tool.writes && grantId && !mayLetWrite(scope.principal)) {
      throw new AppError(
        "ACCESS_DENIED",
        "Whoever let this app in is a viewer: the app only reads, whatever it is allowed.",
      );
    }
    if (!tool.anyOf?.some((one) => abilities.has(one))) {
      requireAbility(scope.principal, tool.ability);
    }
    if (tool.also) requireAbility(scope.principal, tool.also);
    return await runTool(createCall(services, scope, manifest), tool, args);
  } catch (thrown) {
    const error = toAppError(thrown);
    status = error.code;
    if (PROTOCOL_ERRORS.has(error.code)) throw error;
    // What is answered by the tool itself is told to the owner here.
    if (error.missing) {
      services.denials.record(scope, error, name, scope.endpoint.id, name);
    }
    if (error.code === "INTERNAL") {
      services.log.error("tool.failed", { request: scope.requestId, tool: name, error });
    }
    return errorAnswer(error, scope.requestId);
  } finally {
    services.usage.record({
      tenantId: scope.tenantId,
      endpointId: scope.endpoint.id,
      tokenId: scope.principal.tokenId,
      at: services.clock.now(),
      tool: name,
      status,
      latencyUs: Math.round((performance.now() - started) * 1000),
    });
  }
}
