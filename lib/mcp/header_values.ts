import { headerMismatch } from "./rpc_error.ts";

const VISIBLE = /^[\x20-\x7e\t]*$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const PREFIX = "=?base64?";
const SUFFIX = "?=";
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The text that a mirrored header carries: as it stands, or from `=?base64?…?=` (2026-07-28,
 * Streamable HTTP, value encoding).
 *
 * @throws HEADER_MISMATCH for invalid characters.
 */
export function decodeHeader(name: string, value: string): string {
  if (value.startsWith(PREFIX) && value.endsWith(SUFFIX)) {
    const encoded = value.slice(PREFIX.length, -SUFFIX.length);
    try {
      // fromBase64 by itself skips white space.
      if (BASE64.test(encoded)) {
        return utf8.decode(Uint8Array.fromBase64(encoded, { lastChunkHandling: "strict" }));
      }
    } catch { /* answered below */ }
    throw headerMismatch(`${name} is not valid Base64 of UTF-8.`);
  }
  if (!VISIBLE.test(value)) throw headerMismatch(`${name} has invalid characters.`);
  return value;
}

/** Throws HEADER_MISMATCH unless the header is there and says what the body says. */
export function requireHeader(headers: Headers, name: string, expected: string): void {
  const value = headers.get(name);
  if (value === null) throw headerMismatch(`${name} is missing.`);
  if (value !== expected && decodeHeader(name, value) !== expected) {
    throw headerMismatch(`${name} does not match the body.`);
  }
}

/** A tool's parameter that clients mirror into the header `Mcp-Param-{name}`. */
export interface ParamHeader {
  readonly name: string;
  /** The chain of properties that leads to the value. */
  readonly path: readonly string[];
}

/** Throws HEADER_MISMATCH unless each mirrored parameter's header says what the arguments say. */
export function checkParamHeaders(
  headers: Headers,
  params: readonly ParamHeader[],
  args: unknown,
): void {
  for (const { name, path } of params) {
    const header = `Mcp-Param-${name}`;
    const sent = headers.get(header);
    let value = args;
    for (const key of path) {
      value = typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
    }
    if (value === undefined || value === null) {
      if (sent !== null) throw headerMismatch(`${header} has no counterpart in the arguments.`);
      continue;
    }
    if (sent === null) throw headerMismatch(`${header} is missing.`);
    const decoded = decodeHeader(header, sent);
    const same = typeof value === "number" && decoded.trim() !== ""
      ? Number(decoded) === value
      : decoded === String(value);
    if (!same) throw headerMismatch(`${header} does not match the arguments.`);
  }
}
