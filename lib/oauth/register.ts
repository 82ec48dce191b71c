import { sha256, sha256Hex } from "../crypto/mod.ts";
import { type ClientId, newId, randomName } from "../ids.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";
import { newToken } from "../tokens/mod.ts";
import { insertDynamicClient } from "./client_store.ts";
import { authMethodOf, checkMetadata, readRawMetadata } from "./client_metadata.ts";
import { readRedirect, type RedirectTarget } from "./redirect.ts";
import { SCOPES } from "./scope.ts";

const HOUR = 3_600_000;
// Anybody may register; not without end, so that nobody fills the table. Hosted clients register for each
// of their people, from few addresses: what one software does there leaves room for the others.
const OF_SOFTWARE: Limit = { name: "oauth.register.software", attempts: 2000, windowMs: HOUR };
const OF_NETWORK: Limit = { name: "oauth.register.network", attempts: 10_000, windowMs: HOUR };
/** Seconds that a registration lives to which nobody has agreed. */
const UNUSED_SECONDS = 7 * 86_400;

/** The client information response (RFC 7591, section 3.2.1): what is not there is left out. */
export type Registration = Readonly<Record<string, string | number | readonly string[]>>;

/** A name that no URL can be, and nobody can guess. */
export const newClientId = () => `bhc_${randomName(24)}`;

/** The scope that is echoed: what was asked and exists, never more (RFC 7591, section 2). */
function registeredScope(asked = ""): { scope?: string } {
  const known = asked.split(" ").filter((name) => (SCOPES as readonly string[]).includes(name));
  return known.length ? { scope: [...new Set(known)].join(" ") } : {};
}

/** Which software a registration is of, as far as its redirect tells: one of a bounded number. */
function softwareOf({ kind, host }: RedirectTarget): string {
  return kind === "loopback" ? kind : sha256Hex(host).slice(0, 2);
}

/**
 * Registers a client that asks for it itself (RFC 7591). Nothing comes of it by itself: a person has to
 * agree, and sees that the name is the app's own word.
 *
 * @param document The parsed JSON body.
 * @throws OAuthError invalid_client_metadata, invalid_redirect_uri; AppError RATE_LIMITED.
 */
export async function registerClient(
  services: Services,
  document: unknown,
  network: string | null,
): Promise<Registration> {
  const raw = readRawMetadata(document);
  const { name, redirectUris, refreshes } = checkMetadata(raw, services.redirectSchemes);
  const authMethod = authMethodOf(raw);
  const from = network ?? "unknown";
  const first = readRedirect(redirectUris[0]!, services.redirectSchemes)!;
  services.limiter.take(OF_SOFTWARE, `${from}\0${softwareOf(first)}`);
  services.limiter.take(OF_NETWORK, from);
  const secret = authMethod === "none" ? null : newToken("ocs");
  const clientId = newClientId();
  const shownName = name ?? first.host;
  await insertDynamicClient(services.control.lookup, {
    id: newId<ClientId>(),
    clientId,
    name: shownName,
    redirectUris,
    refreshes,
    authMethod,
    secretHash: secret === null ? null : sha256(secret),
  }, UNUSED_SECONDS);
  return {
    client_id: clientId,
    client_id_issued_at: Math.floor(services.clock.now() / 1000),
    ...(secret === null ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    client_name: shownName,
    redirect_uris: redirectUris,
    grant_types: refreshes ? ["authorization_code", "refresh_token"] : ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: authMethod,
    ...registeredScope(raw.scope),
    ...(raw.application_type === "web" || raw.application_type === "native"
      ? { application_type: raw.application_type }
      : {}),
  };
}
