import { sha256Hex } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import type { Limit } from "../limits/mod.ts";
import type { Principal } from "../principal.ts";
import type { Services } from "../services.ts";
import { type Credential, CREDENTIALS } from "./credential.ts";
import { tokenKind } from "./format.ts";
import { lookUpToken } from "./store.ts";

/** Tokens that are none, by network: the form makes guessing hopeless, this makes it cheap. */
const FAILED_TOKENS: Limit = { name: "tokens.failed", attempts: 60, windowMs: 60_000 };

// RFC 6750, section 2.1: one space or more, then b64token; RFC 9110, section 11.1: any case.
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const BEARER_SCHEME = /^bearer\s+\S/i;

/** The token of an `Authorization` header; null where the header holds no bearer credential. */
function bearerToken(header: string | null): string | null {
  if (header === null) return null;
  const match = BEARER.exec(header);
  if (match) return match[1]!;
  // RFC 6750, section 3.1, invalid_request. Two headers joined by a comma end here too.
  if (BEARER_SCHEME.test(header)) {
    throw new AppError("INVALID_REQUEST", "Send one header `Authorization: Bearer <token>`.");
  }
  return null;
}

async function load(services: Services, hash: string): Promise<Credential> {
  const found = await lookUpToken(services.control.lookup, Uint8Array.fromHex(hash));
  // Thrown, not kept: what is unknown must not push valid entries out of the cache.
  if (!found) throw new AppError("AUTHENTICATION_REQUIRED");
  return {
    principal: Object.freeze<Principal>({
      kind: "mcp",
      tenantId: found.tenantId,
      userId: found.createdBy,
      tokenId: found.id,
      label: found.name,
      scope: found.scope,
      abilities: new Set(found.abilities),
      review: false,
      ...(found.grantId ? { grantId: found.grantId } : {}),
      endpoints: found.endpoints === "all" ? "all" : new Set(found.endpoints),
    }),
    expiresAt: found.expiresAt?.getTime() ?? Infinity,
  };
}

/**
 * Resolves a bearer token to who it stands for, as an agent (`kind` is `"mcp"`; other surfaces derive
 * theirs). A token that was valid less than a second ago is answered without asking the database.
 *
 * @param network The client's network, by which failures are limited; valid tokens never are.
 * @throws AppError AUTHENTICATION_REQUIRED where there is no token or it is unknown, revoked or
 * expired; INVALID_REQUEST where the header is malformed; RATE_LIMITED after too many failures.
 */
export async function authenticate(
  services: Services,
  authorization: string | null,
  network: string | null,
): Promise<Principal> {
  const token = bearerToken(authorization);
  if (token === null) throw new AppError("AUTHENTICATION_REQUIRED");
  const credential = await resolve(services, token);
  // Checked at each use: the lease of a cached entry may outlast the token.
  if (!credential || credential.expiresAt <= services.clock.now()) {
    services.limiter.take(FAILED_TOKENS, network ?? "unknown");
    throw new AppError("AUTHENTICATION_REQUIRED");
  }
  const { principal } = credential;
  services.tokenUse.record(principal.tenantId, principal.tokenId!);
  return principal;
}

/** Answers a cached credential at once, so that the usual case waits for nothing. */
function resolve(services: Services, token: string): Credential | Promise<Credential | null> {
  const cache = services.caches.of(CREDENTIALS);
  const hash = sha256Hex(token);
  const cached = cache.peek(hash);
  if (cached) return cached;
  // Only these are bearer credentials: a refresh token, say, is none.
  const kind = tokenKind(token);
  if (kind !== "pat" && kind !== "oat") return Promise.resolve(null);
  return cache.get(hash, () => load(services, hash)).catch((error) => {
    if (error instanceof AppError && error.code === "AUTHENTICATION_REQUIRED") return null;
    throw error;
  });
}
