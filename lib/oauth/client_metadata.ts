import { z } from "zod";
import { appName } from "./app_name.ts";
import type { AuthMethod } from "./client.ts";
import { OAuthError } from "./oauth_error.ts";
import type { RedirectSchemes } from "../redirect_schemes.ts";
import { readRedirect } from "./redirect.ts";

const MAX_REDIRECTS = 20;
/** Characters of all of them: what anybody may have us keep. */
const MAX_REDIRECTS_LENGTH = 8000;

/** What a client says of itself, checked. */
export interface ClientMetadata {
  readonly name: string | null;
  readonly redirectUris: readonly string[];
  readonly refreshes: boolean;
}

// Clients send null and empty texts for what they leave out.
const absent = (value: unknown) => value === null || value === "" ? undefined : value;
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(absent, schema.optional());

const texts = z.array(z.string().max(2000)).max(100);

const schema = z.object({
  client_name: optional(z.string().max(2000)),
  redirect_uris: optional(texts),
  grant_types: optional(texts),
  response_types: optional(texts),
  scope: optional(z.string().max(2000)),
  application_type: optional(z.string().max(100)),
  token_endpoint_auth_method: optional(z.string().max(100)),
  token_endpoint_auth_methods_supported: optional(texts),
});

/** The members of client metadata (RFC 7591, section 2) that mean something here. */
export type RawMetadata = z.infer<typeof schema>;

const fault = (description: string) => new OAuthError("invalid_client_metadata", description);

/**
 * Reads the members of a JSON object that mean something here; others are left alone.
 *
 * @throws OAuthError invalid_client_metadata, invalid_redirect_uri.
 */
export function readRawMetadata(document: unknown): RawMetadata {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const member = parsed.error.issues[0]?.path[0];
  if (member === "redirect_uris") {
    throw new OAuthError("invalid_redirect_uri", "redirect_uris is not a list of texts.");
  }
  throw fault(
    typeof member === "string" ? `${member} is not of the right form.` : "Send one JSON object.",
  );
}

/**
 * Checks what kind of client this is: one that uses authorization codes, and redirects that may be.
 *
 * @param schemes At which apps may be answered besides their own, by the operator's word.
 * @throws OAuthError invalid_client_metadata, invalid_redirect_uri.
 */
export function checkMetadata(raw: RawMetadata, schemes: RedirectSchemes): ClientMetadata {
  const { grant_types: grants, response_types: responses } = raw;
  if (grants && !grants.includes("authorization_code")) {
    throw fault("Only clients of the authorization_code grant are registered.");
  }
  if (responses?.length && !responses.includes("code")) {
    throw fault("Only the response type code is served.");
  }
  const uris = [...new Set(raw.redirect_uris ?? [])];
  if (uris.length === 0) {
    throw new OAuthError("invalid_redirect_uri", "Name at least one redirect URI.");
  }
  if (uris.length > MAX_REDIRECTS) {
    throw new OAuthError("invalid_redirect_uri", `Name ${MAX_REDIRECTS} redirect URIs at most.`);
  }
  if (uris.join("").length > MAX_REDIRECTS_LENGTH) {
    throw new OAuthError("invalid_redirect_uri", "The redirect URIs are too long.");
  }
  if (!uris.every((uri) => readRedirect(uri, schemes))) {
    throw new OAuthError(
      "invalid_redirect_uri",
      "Redirect URIs are https, http on the loopback, or of an app's own scheme; no fragments.",
    );
  }
  return {
    name: raw.client_name === undefined ? null : appName(raw.client_name),
    redirectUris: uris,
    // Who leaves the choice to us gets them: without, people would be asked again every hour.
    refreshes: grants === undefined || grants.includes("refresh_token"),
  };
}

const METHODS: readonly string[] = ["none", "client_secret_basic", "client_secret_post"];

/**
 * The method that a registration asks for; `client_secret_basic` where it names none (RFC 7591,
 * section 2).
 *
 * @throws OAuthError invalid_client_metadata for one that is not served.
 */
export function authMethodOf({ token_endpoint_auth_method: method }: RawMetadata): AuthMethod {
  if (method === undefined) return "client_secret_basic";
  if (METHODS.includes(method)) return method as AuthMethod;
  throw fault("This token_endpoint_auth_method is not served.");
}
