import { AppError, ERRORS } from "../errors.ts";

/**
 * An error that the protocol itself defines, with data that clients read. What is not peculiar to MCP
 * is an AppError.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  constructor(
    /** JSON-RPC code. */
    readonly code: number,
    /** HTTP status. */
    readonly status: number,
    message: string,
    /** Public, as the specification shapes it for the code. */
    readonly data?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

/** -32020: a header is missing, malformed or says something else than the body. */
export function headerMismatch(detail: string): AppError {
  return new AppError("HEADER_MISMATCH", detail);
}

/** -32022 with the versions that are served (2026-07-28, versioning). */
export function unsupportedVersion(requested: string, supported: readonly string[]): RpcError {
  const { rpc, status, title } = ERRORS.UNSUPPORTED_PROTOCOL;
  return new RpcError(rpc, status, title, { supported, requested });
}

/** A JSON-RPC error response as JSON text. Without an id where the request's could not be read. */
export function errorText(
  error: AppError | RpcError,
  id: string | undefined,
  requestId: string,
): string {
  const body = error instanceof RpcError
    ? { code: error.code, message: error.message, data: { ...error.data, request_id: requestId } }
    : {
      code: error.kind.rpc,
      message: publicText(error),
      data: { code: error.code, request_id: requestId },
    };
  const head = id === undefined ? "" : `"id":${id},`;
  return `{"jsonrpc":"2.0",${head}"error":${JSON.stringify(body)}}`;
}

function publicText(error: AppError): string {
  const { title, next } = error.kind;
  return error.detail ? `${title} ${error.detail}` : `${title} ${next}`;
}

// Told by HTTP too, whatever the body says: credentials, limits, and that we are at fault.
const TOLD_BY_HTTP: ReadonlySet<number> = new Set([401, 403, 429, 500, 503]);

/**
 * The HTTP status of an error that arose in serving a well-formed request. Otherwise JSON-RPC carries
 * it: a client reads no error from a body with another status than 200 (in the legacy era).
 */
export function servedStatus(error: AppError | RpcError): number {
  if (error instanceof RpcError) return error.status;
  const { status } = error.kind;
  return TOLD_BY_HTTP.has(status) ? status : 200;
}
