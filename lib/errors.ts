/**
 * The closed table of errors. Each code fixes what every surface says: the HTTP status, the JSON-RPC
 * code, a public text and what to do next. Private detail travels in `detail` and `cause` and reaches
 * the log alone.
 */

/** One row of the table: status for HTTP, code for JSON-RPC, text and next step for the reader. */
export interface ErrorKind {
  readonly status: number;
  readonly rpc: number;
  readonly title: string;
  readonly next: string;
}

const kind = (status: number, rpc: number, title: string, next: string): ErrorKind => ({
  status,
  rpc,
  title,
  next,
});

/** Every error that a client can be told of. */
export const ERRORS = {
  // Requests that cannot be understood.
  MALFORMED_JSON: kind(400, -32700, "The body is not valid JSON.", "Send one JSON document."),
  INVALID_REQUEST: kind(400, -32600, "The request is not valid.", "Correct it as the detail says."),
  INVALID_ARGUMENTS: kind(
    400,
    -32602,
    "The arguments are not valid.",
    "Correct them as the detail says.",
  ),
  METHOD_NOT_FOUND: kind(404, -32601, "There is no such method.", "Use one of the listed methods."),
  UNSUPPORTED_PROTOCOL: kind(
    400,
    -32022,
    "This protocol version is not supported.",
    "Use one of the supported versions.",
  ),
  HEADER_MISMATCH: kind(
    400,
    -32020,
    "A header disagrees with the body.",
    "Send headers that say the same as the body.",
  ),
  NOT_FOUND: kind(404, -32602, "There is nothing here.", "Check the address."),
  METHOD_NOT_ALLOWED: kind(
    405,
    -32600,
    "This method is not allowed here.",
    "Use a method that Allow lists.",
  ),
  PAYLOAD_TOO_LARGE: kind(413, -32600, "The body is too large.", "Send less at once."),
  REQUEST_TIMEOUT: kind(408, -32600, "The body came too slowly.", "Send it again."),
  UNSUPPORTED_MEDIA_TYPE: kind(
    415,
    -32600,
    "This content type is not supported.",
    "Send the content type that the detail names.",
  ),
  // Who is asking.
  AUTHENTICATION_REQUIRED: kind(
    401,
    -32600,
    "Authentication is required.",
    "Send a valid bearer token.",
  ),
  ACCESS_DENIED: kind(
    403,
    -32600,
    "This credential does not reach that.",
    "Use an endpoint that the credential covers.",
  ),
  INSUFFICIENT_SCOPE: kind(
    403,
    -32600,
    "The credential lacks an ability that this needs.",
    "Ask the owner for a credential that has it.",
  ),
  ORIGIN_NOT_ALLOWED: kind(
    403,
    -32600,
    "Requests from this origin are not accepted.",
    "Have the operator list the origin.",
  ),
  CSRF_REJECTED: kind(
    403,
    -32600,
    "The form has expired or did not come from this site.",
    "Load the page again and repeat.",
  ),
  SIGN_IN_FAILED: kind(
    401,
    -32600,
    "E-mail address or password is wrong.",
    "Check both and try again.",
  ),
  LINK_SPENT: kind(
    410,
    -32600,
    "This link has been used or has expired.",
    "Ask for a new one.",
  ),
  CODE_WRONG: kind(
    401,
    -32600,
    "This code is wrong, or it works no more.",
    "Check it; after five tries or 15 minutes, ask for a new one.",
  ),
  CONFIRMATION_REQUIRED: kind(
    403,
    -32600,
    "This asks for proof of who you are.",
    "Confirm that it is you, then repeat.",
  ),
  PASSKEY_REFUSED: kind(
    401,
    -32600,
    "This passkey was not accepted.",
    "Try again, or use another way.",
  ),
  FORM_SPENT: kind(
    410,
    -32600,
    "This form was sent already, or waited too long.",
    "Fill it in again.",
  ),
  TWO_FACTOR_REQUIRED: kind(
    403,
    -32600,
    "This team requires two-factor authentication.",
    "Set it up for your account, then repeat.",
  ),
  TLS_REQUIRED: kind(
    403,
    -32600,
    "This is answered over https only.",
    "Use https; treat what was sent as known to others, and replace it.",
  ),
  RATE_LIMITED: kind(429, -32600, "Too many requests.", "Wait as long as Retry-After says."),
  // Accounts and endpoints.
  EMAIL_TAKEN: kind(409, -32600, "An account with this address exists.", "Sign in instead."),
  PASSWORD_REFUSED: kind(
    422,
    -32600,
    "This password cannot be used.",
    "Choose another, as the detail says.",
  ),
  LAST_OWNER: kind(
    409,
    -32600,
    "A team keeps at least one owner.",
    "Make somebody else an owner first.",
  ),
  CONFLICT: kind(409, -32600, "That is already there.", "Choose another name or use what exists."),
  WRITES_OFF: kind(
    409,
    -32600,
    "Rows of this endpoint cannot be changed: its owner has not turned writes on.",
    "Ask the endpoint's owner to turn writes on.",
  ),
  ENDPOINT_NOT_READY: kind(
    409,
    -32600,
    "The endpoint is not ready.",
    "Wait until it is, then repeat.",
  ),
  PROVISIONING_FAILED: kind(
    503,
    -32603,
    "The endpoint's database could not be made.",
    "Try again in a moment; nothing was left behind.",
  ),
  // Data.
  UNKNOWN_TOOL: kind(404, -32602, "There is no such tool.", "Use one that tools/list names."),
  UNKNOWN_TABLE: kind(
    404,
    -32602,
    "There is no such table.",
    "Use one that describe_tables names.",
  ),
  UNKNOWN_COLUMN: kind(
    400,
    -32602,
    "There is no such column.",
    "Use one that describe_tables names.",
  ),
  INVALID_CURSOR: kind(
    400,
    -32602,
    "The cursor does not belong to this query.",
    "Repeat the query without a cursor.",
  ),
  ROW_NOT_FOUND: kind(404, -32602, "No row has that key.", "Look the key up first."),
  STATEMENT_TIMEOUT: kind(
    408,
    -32603,
    "The query took too long and was stopped.",
    "Filter on an indexed column or ask for less.",
  ),
  CANCELLED: kind(
    499,
    -32603,
    "The request was cancelled.",
    "Send it again if it is still wanted.",
  ),
  // Files.
  UNSUPPORTED_FORMAT: kind(
    415,
    -32600,
    "This file format is not supported.",
    "Send CSV, TSV, JSON or NDJSON.",
  ),
  UNREADABLE_FILE: kind(422, -32600, "The file cannot be read.", "Correct it as the detail says."),
  EMPTY_FILE: kind(422, -32600, "The file holds no rows.", "Send a file with a header and rows."),
  SHAPE_MISMATCH: kind(
    409,
    -32600,
    "The file's columns do not fit the table.",
    "Send the columns that the table has, or load it as a new table.",
  ),
  DUPLICATE_FILE: kind(
    409,
    -32600,
    "This file has already been loaded here.",
    "Repeat with allow_duplicate to load it again.",
  ),
  FOREIGN_KEY_INVALID: kind(
    422,
    -32600,
    "The data does not hold this foreign key.",
    "Correct the data or choose other columns.",
  ),
  // Ourselves.
  UNAVAILABLE: kind(503, -32603, "The service cannot answer just now.", "Try again in a moment."),
  INTERNAL: kind(
    500,
    -32603,
    "Something went wrong on our side.",
    "Try again; if it stays, report the request id.",
  ),
} as const satisfies Record<string, ErrorKind>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERRORS;

/** What a refused call lacked, for the owner to change: told in the activity log. */
export interface Missing {
  /** An ability of the credential, tables that it reaches, the endpoint's writing, a rule of a table. */
  readonly kind: "ability" | "reach" | "writes" | "rule";
  /** The ability, or the operation that a rule rules out. */
  readonly name?: string;
  /** The table that was called, where the caller may know of it. */
  readonly table?: string;
}

/**
 * An error that may be told to a client. `detail` is public: one sentence that helps the reader,
 * free of anything from a driver, a path or a query. `cause` is private and goes to the log.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  /** Seconds after which a retry makes sense; rendered as `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** The OAuth scope that would do, where another one than the credential's would. */
  readonly scope: string | undefined;
  /** What was missing, where that is for the owner to give. */
  readonly missing: Missing | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    options: { cause?: unknown; retryAfter?: number; scope?: string; missing?: Missing } = {},
  ) {
    super(detail ?? ERRORS[code].title, { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.retryAfter = options.retryAfter;
    this.scope = options.scope;
    this.missing = options.missing;
  }

  /** The row of the table that belongs to the code. */
  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

/** Makes an AppError of anything thrown; what is not one already becomes INTERNAL with it as cause. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof DOMException && thrown.name === "AbortError") {
    return new AppError("CANCELLED", undefined, { cause: thrown });
  }
  return new AppError("INTERNAL", undefined, { cause: thrown });
}

/** RFC 9457 problem document of an error. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  request_id: string;
}

/** Renders an error as RFC 9457 `application/problem+json`. */
export function problemResponse(error: AppError, requestId: string, headers?: HeadersInit) {
  const { status, title, next } = error.kind;
  const problem: Problem = {
    type: "about:blank",
    title,
    status,
    code: error.code,
    detail: error.detail ?? next,
    request_id: requestId,
  };
  const out = new Headers(headers);
  out.set("content-type", "application/problem+json");
  out.set("cache-control", "no-store");
  if (error.retryAfter !== undefined) out.set("retry-after", String(Math.ceil(error.retryAfter)));
  return new Response(JSON.stringify(problem), { status, headers: out });
}
