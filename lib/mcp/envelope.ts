import { AppError } from "../errors.ts";
import { requireHeader } from "./header_values.ts";
import type { RawRequest } from "./message.ts";
import {
  ASSUMED_VERSION,
  type Era,
  isObject,
  type JsonObject,
  LEGACY_VERSIONS,
  LOG_LEVELS,
  type LogLevel,
  META,
  MODERN_VERSION,
  OFFERED_VERSIONS,
} from "./protocol.ts";
import { headerMismatch, unsupportedVersion } from "./rpc_error.ts";

/** What a request says of itself, beside its method and parameters. */
export interface Envelope {
  readonly era: Era;
  readonly clientCapabilities: JsonObject;
  /** The client wants to hear of progress under this token; JSON text. */
  readonly progressToken: string | undefined;
  /** The client wants log messages from this severity on. */
  readonly logLevel: LogLevel | undefined;
}

const NONE: JsonObject = Object.freeze({});

/** The methods whose name or URI a header mirrors, and the parameter that holds it. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
]);

/** Throws UNSUPPORTED_PROTOCOL for a version header that names no revision we know. */
export function checkVersionHeader(headers: Headers): void {
  const version = headers.get("mcp-protocol-version");
  if (version !== null && version !== MODERN_VERSION && !LEGACY_VERSIONS.includes(version)) {
    throw unsupportedVersion(version, OFFERED_VERSIONS);
  }
}

/**
 * Tells the era of a request and holds its envelope to that era's rules.
 *
 * @throws HEADER_MISMATCH, INVALID_ARGUMENTS, or an RpcError with the versions served.
 */
export function readEnvelope(request: RawRequest, headers: Headers): Envelope {
  const header = headers.get("mcp-protocol-version");
  const declared = request.meta[META.protocolVersion];
  const legacy = declared === undefined
    ? LEGACY_VERSIONS.includes(header ?? ASSUMED_VERSION)
    : declared === header && LEGACY_VERSIONS.includes(header as string);
  if (legacy) {
    return {
      era: "legacy",
      clientCapabilities: NONE,
      progressToken: progressToken(request.meta),
      logLevel: undefined,
    };
  }
  checkVersion(header, declared, request.meta);
  requireHeader(headers, "Mcp-Method", request.method);
  const named = NAMED.get(request.method);
  const name = named === undefined ? undefined : request.params[named];
  if (typeof name === "string") requireHeader(headers, "Mcp-Name", name);
  return {
    era: "modern",
    clientCapabilities: request.meta[META.clientCapabilities] as JsonObject,
    progressToken: progressToken(request.meta),
    logLevel: logLevel(request.meta),
  };
}

function checkVersion(header: string | null, declared: unknown, meta: JsonObject): void {
  if (header === null) throw headerMismatch("MCP-Protocol-Version is missing.");
  if (declared === undefined && header !== MODERN_VERSION) {
    throw unsupportedVersion(header, OFFERED_VERSIONS);
  }
  if (typeof declared !== "string" || !isObject(meta[META.clientCapabilities])) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `params._meta must hold ${META.protocolVersion} (a string) and ${META.clientCapabilities} (an object).`,
    );
  }
  if (header !== declared) throw headerMismatch("MCP-Protocol-Version does not match the body.");
  if (declared !== MODERN_VERSION) throw unsupportedVersion(declared, OFFERED_VERSIONS);
}

function progressToken(meta: JsonObject): string | undefined {
  const token = meta.progressToken;
  if (token === undefined) return undefined;
  if (typeof token === "string" || Number.isSafeInteger(token)) return JSON.stringify(token);
  throw new AppError("INVALID_ARGUMENTS", "The progress token must be a string or an integer.");
}

function logLevel(meta: JsonObject): LogLevel | undefined {
  const level = meta[META.logLevel];
  if (level === undefined) return undefined;
  if (LOG_LEVELS.includes(level as LogLevel)) return level as LogLevel;
  throw new AppError("INVALID_ARGUMENTS", `The log level is none of ${LOG_LEVELS.join(", ")}.`);
}
