import { CacheKind } from "../cache/mod.ts";
import { AppError } from "../errors.ts";
import { getForeign, type OutboundPolicy, parseJson } from "../http/mod.ts";
import type { Limit } from "../limits/mod.ts";
import type { RedirectSchemes } from "../redirect_schemes.ts";
import type { Services } from "../services.ts";
import type { Client } from "./client.ts";
import { checkMetadata, readRawMetadata } from "./client_metadata.ts";
import { OAuthError } from "./oauth_error.ts";

const LIMITS = { maxBytes: 5 * 1024, timeoutMs: 3000 };
const FETCHES: Limit = { name: "oauth.document", attempts: 30, windowMs: 60_000 };

const DAY = 86_400;
const UNSAID_SECONDS = 300;

interface Kept {
  readonly client: Client;
  /** Milliseconds since 1970. */
  readonly freshUntil: number;
}

/** Documents by URL. Each says itself how long it holds; the lease is checked at each use. */
const DOCUMENTS = new CacheKind<Kept>("oauth.documents", Infinity, 1000);

const fault = (description: string, cause?: unknown) =>
  new OAuthError("invalid_client", description, { cause });

/**
 * The URL of a client that describes itself by a document (OAuth Client ID Metadata Document, section
 * 3); null for any other client identifier. It is compared as text, so only its canonical spelling
 * counts, and it needs a path.
 */
export function documentUrl(clientId: string, policy: OutboundPolicy): URL | null {
  const url = /^https?:\/\//.test(clientId) && clientId.length <= 2000 ? URL.parse(clientId) : null;
  if (!url || (url.protocol === "http:" && !policy.allowsPlain)) return null;
  const canonical = url.href === clientId && !url.username && !url.password && !url.hash &&
    url.pathname !== "/" && !clientId.endsWith("#");
  return canonical ? url : null;
}

/** Seconds for which an answer may be used again (RFC 9111, section 4.2.1), within a day. */
export function freshSeconds(headers: Headers, now: number): number {
  const control = (headers.get("cache-control") ?? "").toLowerCase();
  if (/\bno-(?:store|cache)\b/.test(control)) return 0;
  const age = Number(headers.get("age") ?? 0) || 0;
  const declared = /\bmax-age="?(\d+)/.exec(control)?.[1];
  const expires = Date.parse(headers.get("expires") ?? "");
  const seconds = declared !== undefined
    ? Number(declared) - age
    : Number.isNaN(expires)
    ? UNSAID_SECONDS
    : (expires - now) / 1000;
  return Math.max(0, Math.min(DAY, seconds));
}

function parseDocument(
  clientId: string,
  document: unknown,
  schemes: RedirectSchemes,
): Client {
  const said = document as Record<string, unknown> | null;
  if (said?.["client_id"] !== clientId) throw fault("The document names another client_id.");
  // Section 4.1: whoever reads the document would know the secret.
  if ("client_secret" in said) throw fault("The document holds a secret.");
  const raw = readRawMetadata(document);
  const { name, redirectUris, refreshes } = checkMetadata(raw, schemes);
  if (name === null) throw fault("The document has no client_name.");
  const methods = [
    raw.token_endpoint_auth_method ?? "none",
    ...(raw.token_endpoint_auth_methods_supported ?? []),
  ];
  if (!methods.includes("none")) throw fault("The document allows no method that is served here.");
  return {
    id: null,
    clientId,
    kind: "document",
    tenantId: null,
    name,
    redirectUris,
    refreshes,
    authMethod: "none",
    secretHash: null,
  };
}

async function load(services: Services, url: URL, policy: OutboundPolicy): Promise<Kept> {
  const answer = await getForeign(url, policy, LIMITS);
  const type = (answer.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (answer.status !== 200 || !/^application\/(?:[\w.-]+\+)?json$/.test(type)) {
    throw fault("There is no client metadata document at this address.");
  }
  const now = services.clock.now();
  const client = parseDocument(url.href, parseJson(answer.body), services.redirectSchemes);
  return { client, freshUntil: now + freshSeconds(answer.headers, now) * 1000 };
}

/**
 * The client that a document at its own URL describes; answered from the cache as long as the
 * document's HTTP headers allow.
 *
 * @param asker Who causes the fetch: fetches are limited by it.
 * @throws OAuthError where there is no such document or it is not valid; AppError RATE_LIMITED.
 */
export async function readDocument(
  services: Services,
  url: URL,
  policy: OutboundPolicy,
  asker: string,
): Promise<Client> {
  const cache = services.caches.of(DOCUMENTS);
  const kept = cache.peek(url.href);
  if (kept && kept.freshUntil > services.clock.now()) return kept.client;
  services.limiter.take(FETCHES, asker);
  if (kept) cache.drop(url.href);
  try {
    const { client } = await cache.get(url.href, () => load(services, url, policy));
    return client;
  } catch (error) {
    if (error instanceof OAuthError) throw error;
    if (error instanceof AppError && error.kind.status < 500) {
      throw fault(error.detail ?? error.kind.title, error);
    }
    throw error;
  }
}
