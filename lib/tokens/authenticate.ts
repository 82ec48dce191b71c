import { FROM_ELSEWHERE } from "../audit/mod.ts";
import { sha256Hex } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { type Client, inRanges } from "../http/mod.ts";
import type { RequestId } from "../ids.ts";
import type { Limit } from "../limits/mod.ts";
import type { Principal } from "../principal.ts";
import type { Services } from "../services.ts";
import { tableReaches } from "../table_reach.ts";
import { type Credential, CREDENTIALS } from "./credential.ts";
import { tokenKind } from "./format.ts";
import { isTokenKnown, lookUpToken } from "./store.ts";

/**
 * Tokens that are none: the form makes guessing hopeless, this makes it cheap. By the token as far as a
 * bounded number of counters allows, so that many people's clients share a network and one that repeats
 * what never was holds up no other.
 */
const FAILED_TOKENS: Limit = { name: "tokens.failed", attempts: 60, windowMs: 60_000 };
/** Counters of a network. */
const shardOf = (hash: string) => hash.slice(0, 2);

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
  const tables = found && tableReaches(found.tables);
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
      review: found.review,
      role: found.role,
      team: found.team,
      line: found.line,
      budgets: found.budgets,
      ...(found.grantId ? { grantId: found.grantId } : {}),
      endpoints: found.endpoints === "all" ? "all" : new Set(found.endpoints),
      ...(tables ? { tables } : {}),
    }),
    networks: found.networks,
    expiresAt: found.expiresAt?.getTime() ?? Infinity,
  };
}

/** How a token is presented. */
export interface Presented extends Client {
  readonly requestId: RequestId;
  readonly authorization: string | null;
  /** What it is presented to. */
  readonly kind: "mcp" | "rest";
}

/** Whether a credential is taken from where it comes. */
function isTakenFrom({ networks }: Credential, { address }: Client): boolean {
  return networks === null || (address !== null && inRanges(address, networks));
}

/**
 * Resolves a bearer token to who it stands for. A token that was valid less than a second ago is answered
 * without asking the database. Tokens that never were are limited by network and token; valid, revoked and expired ones never are.
 *
 * @param meanwhile Begins what can be done while a token that has the form of one is looked up.
 * @throws AppError AUTHENTICATION_REQUIRED where there is no token or it is unknown, revoked or expired,
 * or not taken from where the client is; INVALID_REQUEST where the header is malformed; RATE_LIMITED
 * after too many failures.
 */
export async function authenticate(
  services: Services,
  presented: Presented,
  meanwhile: () => void = () => {},
): Promise<Principal> {
  const token = bearerToken(presented.authorization);
  if (token === null) throw new AppError("AUTHENTICATION_REQUIRED");
  const hash = sha256Hex(token);
  const cached = services.caches.of(CREDENTIALS).peek(hash);
  if (cached) return admit(services, presented, cached);
  const known = isBearer(token) ? lookUp(services, hash) : null;
  if (known) meanwhile();
  const credential = await known;
  if (credential) return admit(services, presented, credential);
  // What was a token once is told so, always: a client that hears "later" goes on with it.
  if (!await wasToken(services, token, hash)) {
    const key = `${presented.network ?? "unknown"}\0${shardOf(hash)}`;
    services.limiter.take(FAILED_TOKENS, key);
  }
  throw new AppError("AUTHENTICATION_REQUIRED");
}

async function lookUp(services: Services, hash: string): Promise<Credential | null> {
  try {
    return await services.caches.of(CREDENTIALS).get(hash, () => load(services, hash));
  } catch (error) {
    if (error instanceof AppError && error.code === "AUTHENTICATION_REQUIRED") return null;
    throw error;
  }
}

/** Lets in whom a valid credential stands for. */
function admit(services: Services, presented: Presented, credential: Credential): Principal {
  // Checked at each use: the lease of a cached entry may outlast the token.
  if (credential.expiresAt <= services.clock.now()) throw new AppError("AUTHENTICATION_REQUIRED");
  const { kind, network } = presented;
  const principal = kind === "mcp" ? credential.principal : { ...credential.principal, kind };
  if (!isTakenFrom(credential, presented)) {
    // Whoever found it is told no more than of one that never was; whose it is can read it in their log.
    const refusal = new AppError("AUTHENTICATION_REQUIRED", undefined, { cause: FROM_ELSEWHERE });
    services.denials.record(
      { ...presented, principal, tenantId: principal.tenantId },
      refusal,
      "enter",
    );
    services.limiter.take(FAILED_TOKENS, `${network ?? "unknown"}\0${principal.tokenId}`);
    throw refusal;
  }
  services.tokenUse.record(principal.tenantId, principal.tokenId!, network);
  return principal;
}

/**
 * Counts a call of a token that may make only so many in a minute, against its own number and against that
 * of each token above it: whatever a token makes spends what it has itself. Each replica counts for itself.
 *
 * @throws AppError RATE_LIMITED past that, with the seconds to wait.
 */
export function countCall({ limiter }: Services, { budgets = [] }: Principal): void {
  const limits = budgets.map(({ of, calls }) =>
    [{ name: "tokens.calls", attempts: calls, windowMs: 60_000 }, of] as const
  );
  // What is refused spends nothing.
  for (const [limit, of] of limits) limiter.check(limit, of);
  for (const [limit, of] of limits) limiter.take(limit, of);
}

/** Whether there was such a token; asked for what is none now. */
async function wasToken(services: Services, token: string, hash: string): Promise<boolean> {
  return isBearer(token) && await isTokenKnown(services.control.lookup, Uint8Array.fromHex(hash));
}

/** Only these are bearer credentials: a refresh token, say, is none. */
function isBearer(token: string): boolean {
  const kind = tokenKind(token);
  return kind === "pat" || kind === "oat";
}
