import { AppError } from "../errors.ts";

/** Every error that a client of the authorization server can be told of, with its HTTP status. */
export const OAUTH_ERRORS = {
  // RFC 6749, sections 4.1.2.1 and 5.2.
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  // RFC 8707, section 2.
  invalid_target: 400,
  // RFC 7591, section 3.2.2.
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  // RFC 9101, section 6.
  request_not_supported: 400,
  request_uri_not_supported: 400,
  // OpenID Connect Core, section 3.1.2.6, registered for OAuth: send the person to authorization.
  interaction_required: 400,
  // RFC 7009, section 2.2.1.
  unsupported_token_type: 400,
} as const;

/** A code of the table. */
export type OAuthErrorCode = keyof typeof OAUTH_ERRORS;

/**
 * An error as OAuth tells it. `description` is public: plain ASCII without quotes or backslashes (RFC
 * 6749, section 5.2), free of anything that was sent, a driver or a path.
 */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  /** Seconds after which a retry makes sense. */
  readonly retryAfter: number | undefined;
  readonly status: number;
  /** Whether it counts against who sent it: not where what they presented was good once. */
  readonly counts: boolean;

  constructor(
    readonly code: OAuthErrorCode,
    readonly description: string,
    options: {
      retryAfter?: number | undefined;
      status?: number;
      cause?: unknown;
      counts?: boolean;
    } = {},
  ) {
    super(description, { cause: options.cause });
    this.retryAfter = options.retryAfter;
    this.status = options.status ?? OAUTH_ERRORS[code];
    this.counts = options.counts ?? true;
  }
}

/** Makes an OAuth error of anything thrown; what is not a client's doing says nothing of itself. */
export function toOAuthError(thrown: unknown): OAuthError {
  if (thrown instanceof OAuthError) return thrown;
  const cause = thrown;
  if (!(thrown instanceof AppError)) {
    return new OAuthError("server_error", "Something went wrong on our side.", { cause });
  }
  const { status } = thrown.kind;
  if (thrown.code === "RATE_LIMITED") {
    const retryAfter = thrown.retryAfter;
    return new OAuthError("temporarily_unavailable", "Too many requests.", { status, retryAfter });
  }
  if (status === 503) {
    const retryAfter = thrown.retryAfter ?? 2;
    return new OAuthError("temporarily_unavailable", "Try again in a moment.", {
      retryAfter,
      cause,
    });
  }
  if (status >= 500) {
    return new OAuthError("server_error", "Something went wrong on our side.", { cause });
  }
  return new OAuthError("invalid_request", "The request is not well formed.", { cause });
}
