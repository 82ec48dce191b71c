import { OAuthError } from "./oauth_error.ts";

/**
 * The parameters of a request. One without a value counts as left out (RFC 6749, section 3.1), and one
 * that stands there twice is refused (section 3.2), except where a specification lets it repeat.
 */
export class Parameters {
  readonly #sent: URLSearchParams;

  constructor(sent: URLSearchParams) {
    this.#sent = sent;
  }

  /** @throws OAuthError invalid_request where the parameter is repeated. */
  get(name: string): string | null {
    const values = this.#sent.getAll(name);
    if (values.length > 1) throw new OAuthError("invalid_request", `${name} is repeated.`);
    return values[0] || null;
  }

  /** @throws OAuthError invalid_request where the parameter is missing or repeated. */
  need(name: string): string {
    const value = this.get(name);
    if (value === null) throw new OAuthError("invalid_request", `${name} is missing.`);
    return value;
  }

  /** Each value of a parameter that may repeat. */
  all(name: string): string[] {
    return this.#sent.getAll(name).filter((value) => value !== "");
  }
}
