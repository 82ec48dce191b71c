/** The revision that carries version and capabilities in each request. */
export const MODERN_VERSION = "2026-07-28";

/** The revisions that open with `initialize`, newest first. */
export const LEGACY_VERSIONS: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/**
 * The revisions that are offered. 2025-03-26 is answered where a client has nothing newer, but not
 * offered: it wants batches, which later revisions took out and which are refused here.
 */
export const OFFERED_VERSIONS: readonly string[] = [MODERN_VERSION, "2025-11-25", "2025-06-18"];

/** What a request without `MCP-Protocol-Version` is taken for (2025-11-25, transports). */
export const ASSUMED_VERSION = "2025-03-26";

/** Keys of `_meta` that the protocol reserves (2026-07-28, basic, general fields). */
export const META = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  logLevel: "io.modelcontextprotocol/logLevel",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
} as const;

/** `modern` carries everything in each request; `legacy` opened with a handshake. */
export type Era = "modern" | "legacy";

/** How long a client may take a list for fresh, in milliseconds, unless it hears of a change. */
export const LIST_TTL_MS = 60_000;

/** Severity of a log message, least first (RFC 5424). */
export const LOG_LEVELS = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
] as const;

/** One severity. */
export type LogLevel = typeof LOG_LEVELS[number];

/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Tells whether a parsed JSON value is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
