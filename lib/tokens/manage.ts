import { actorOf, type AuditAction, recordEvent } from "../audit/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { parseNetwork, withinNetworks } from "../http/mod.ts";
import { type EndpointId, newId, type TokenId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import {
  type Ability,
  atLeast,
  type Principal,
  type RequestScope,
  requireAbility,
  ROW_WRITES,
  type Scope,
} from "../principal.ts";
import type { Services } from "../services.ts";
import type { StoredReach } from "../table_reach.ts";
import { CREDENTIALS } from "./credential.ts";
import { newToken, tokenPrefix } from "./format.ts";
import { endedWith, endToken } from "./line.ts";
import { reachable } from "./read.ts";
import {
  type ActingToken,
  bindToken,
  insertToken,
  lockMaker,
  lockTokens,
  markReplaced,
  selectBounds,
  type TokenBounds,
} from "./store.ts";
import { tablesFault, tablesOf, tablesWithin } from "./tables.ts";
import type { MintedToken, TokenView } from "./view.ts";

/** What a new token is to be: frozen at minting. */
export interface TokenRequest {
  readonly name: string;
  readonly scope: Scope;
  /** At least one; none is there unless it is named. */
  readonly abilities: readonly Ability[];
  /** `"all"` covers the whole tenant, now and later; a list at least one endpoint. */
  readonly endpoints: "all" | readonly EndpointId[];
  readonly expiresAt?: Date | null;
  /** Addresses and CIDR ranges that it is taken from; none: from anywhere. */
  readonly networks?: readonly string[] | null;
  /** Calls that it may make in a minute; null: as many as it likes. */
  readonly callsPerMinute?: number | null;
  /** Whether what it changes in rows waits for a person. */
  readonly review?: boolean;
  /** Whether it is the team's; what a token of the team makes always is. */
  readonly team?: boolean;
  /** Tables by the endpoints' ids, where it is not to reach all of an endpoint. */
  readonly tables?: Readonly<Record<string, StoredReach>>;
}

/** How many networks a token may name. */
export const MAX_NETWORKS = 50;

/** The most calls a minute that a token may be held to. */
export const MAX_CALLS_PER_MINUTE = 100_000;

/** How many tokens may stand between one and the person whom its line goes back to, besides itself. */
const MAX_DEPTH = 16;

/** For how many seconds at most a token goes on after it was replaced: 30 days. */
export const MAX_OVERLAP_SECONDS = 30 * 86_400;

const BEYOND = "A token can be given only what the credential that makes it has itself.";

/** What a token may do, and where. */
type Power = Pick<TokenRequest, "scope" | "abilities" | "endpoints" | "tables">;

/** Throws unless the principal has every part of the power itself. */
function requirePower(principal: Principal, power: Power): void {
  const has = power.abilities.every((ability) => principal.abilities.has(ability)) &&
    (power.scope === "mcp" || principal.scope === power.scope);
  if (!has) throw new AppError("INSUFFICIENT_SCOPE", BEYOND);
  const { endpoints } = principal;
  const reaches = endpoints === "all" ||
    (power.endpoints !== "all" && power.endpoints.every((id) => endpoints.has(id)));
  // As for an endpoint that does not exist.
  if (!reaches) throw new AppError("ACCESS_DENIED");
  if (!tablesWithin(principal, power)) throw new AppError("INSUFFICIENT_SCOPE", BEYOND);
}

/**
 * Holds who is acting, the token that is acting, and the one that is acted on, until the transaction ends; answers what
 * bounds the former. So no token outlives the one that makes it, and what a cache still trusts for a
 * moment after a revocation can make nothing that stays.
 */
async function hold(tx: Tx, principal: Principal, target?: TokenId): Promise<ActingToken | null> {
  const actor = principal.tokenId;
  if (principal.userId) await lockMaker(tx, principal.userId);
  const ids = [actor, target].filter((id) => id !== null && id !== undefined);
  if (ids.length) await lockTokens(tx, ids);
  if (!actor) return null;
  const bounds = await selectBounds(tx, actor);
  if (!bounds) throw new AppError("AUTHENTICATION_REQUIRED");
  return bounds;
}

/**
 * Whether what a principal makes is the team's. A token of the team makes nothing else: there may be nobody
 * left whose it could be. What is to outlive people is decided by a person, or by what outlives them.
 *
 * @throws AppError ACCESS_DENIED.
 */
function teamOf({ tokenId, role, team }: Principal, { team: wanted }: TokenRequest): boolean {
  if (team || !wanted) return team ?? false;
  if (tokenId !== null) {
    throw new AppError(
      "ACCESS_DENIED",
      "A token of the team is made by an owner or admin in the dashboard, or by a token of the team.",
    );
  }
  if (!atLeast(role, "admin")) {
    throw new AppError("ACCESS_DENIED", "Owners and admins make tokens of the team.");
  }
  return true;
}

/** In what a token would go beyond what bounds the one that makes it; null where in nothing. */
function beyond(bounds: TokenBounds, wanted: TokenBounds): string | null {
  const maker = "The credential that makes this token";
  const { expiresAt, networks, callsPerMinute, review } = bounds;
  if (expiresAt && (!wanted.expiresAt || wanted.expiresAt > expiresAt)) {
    return `${maker} expires at ${expiresAt.toISOString()}, so the token must too.`;
  }
  if (networks && !wanted.networks?.every((network) => withinNetworks(network, networks))) {
    return `${maker} is taken from ${networks.join(", ")} alone, so the token must be too.`;
  }
  if (callsPerMinute && (wanted.callsPerMinute ?? Infinity) > callsPerMinute) {
    return `${maker} may make ${callsPerMinute} calls a minute, so the token must be held to that too.`;
  }
  if (review && !wanted.review) {
    return `What the credential that makes this token changes waits for a person; the token's must too.`;
  }
  return null;
}

/** The part of `MintedToken` that does not come from the database, and what is stored of it. */
function freshToken() {
  const token = newToken("pat");
  return { token, hash: sha256(token), prefix: tokenPrefix(token) };
}

function record(
  tx: Tx,
  scope: RequestScope,
  action: AuditAction,
  view: TokenView,
  detail: Record<string, unknown> = {},
): Promise<void> {
  const { endpoints } = view;
  const single = endpoints !== "all" && endpoints.length === 1 ? endpoints[0]!.id : null;
  return recordEvent(tx, {
    tenantId: scope.tenantId,
    action,
    actor: actorOf(scope),
    endpointId: single,
    subject: view.name,
    detail: {
      token_id: view.id,
      prefix: view.prefix,
      scope: view.scope,
      abilities: view.abilities,
      endpoints: endpoints === "all" ? "all" : endpoints.map(({ id }) => id),
      ...(Object.keys(tablesOf(view)).length ? { tables: tablesOf(view) } : {}),
      expires_at: view.expiresAt?.toISOString() ?? null,
      networks: view.networks,
      calls_per_minute: view.callsPerMinute,
      review: view.review,
      team: view.team,
      minted_by: view.mintedBy,
      ...detail,
    },
  });
}

/** A request's networks, each in its one spelling and once. */
function networksOf({ networks }: TokenRequest): string[] | null {
  if (!networks?.length) return null;
  const parsed = networks.map((text) => {
    const network = parseNetwork(text);
    if (!network) {
      throw new AppError(
        "INVALID_ARGUMENTS",
        "A network is an address, or a range as 192.0.2.0/24.",
      );
    }
    return network;
  });
  return [...new Set(parsed)];
}

/** Throws INVALID_ARGUMENTS for a request that makes no token. */
function checkRequest(services: Services, request: TokenRequest): void {
  const { abilities, scope, callsPerMinute: calls } = request;
  const fault = request.name.trim() === ""
    ? "Give the token a name."
    : abilities.length === 0
    ? "Choose at least one ability."
    : scope === "mcp" && abilities.some((one) => ROW_WRITES.includes(one))
    ? `The scope mcp only reads: ${ROW_WRITES.join(", ")} need the scope mcp:write.`
    : request.endpoints.length === 0
    ? "Choose at least one endpoint, or all."
    : request.expiresAt && !(request.expiresAt.getTime() > services.clock.now())
    ? "The expiry must be in the future."
    : (request.networks?.length ?? 0) > MAX_NETWORKS
    ? `Name ${MAX_NETWORKS} networks at most.`
    : calls && !(Number.isInteger(calls) && calls > 0 && calls <= MAX_CALLS_PER_MINUTE)
    ? `The calls a minute are a whole number from 1 to ${MAX_CALLS_PER_MINUTE}.`
    : tablesFault(request);
  if (fault) throw new AppError("INVALID_ARGUMENTS", fault);
}

/**
 * Makes a token. The answer is the only place where it ever stands in full.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:tokens:write`, or for more abilities than the
 * principal's own; ACCESS_DENIED for an endpoint that it does not cover, for who is no member any more, and
 * for a token of the team by who may make none; INVALID_ARGUMENTS.
 */
export async function mintToken(
  services: Services,
  scope: RequestScope,
  request: TokenRequest,
): Promise<MintedToken> {
  const { principal, tenantId } = scope;
  requireAbility(principal, "api:tokens:write");
  checkRequest(services, request);
  requirePower(principal, request);
  const team = teamOf(principal, request);
  const endpoints = request.endpoints === "all" ? "all" : [...new Set(request.endpoints)];
  const wanted: TokenBounds = {
    expiresAt: request.expiresAt ?? null,
    networks: networksOf(request),
    callsPerMinute: request.callsPerMinute ?? null,
    review: request.review ?? false,
  };
  const { token, hash, prefix } = freshToken();
  const id = newId<TokenId>(services.clock.now());
  const view = await services.control.tenant(tenantId, async (tx) => {
    const bounds = await hold(tx, principal);
    const fault = bounds && beyond(bounds, wanted);
    if (fault) throw new AppError("INVALID_ARGUMENTS", fault);
    if (bounds && bounds.depth >= MAX_DEPTH) {
      throw new AppError(
        "INVALID_ARGUMENTS",
        `This token was made by a token, and so on ${MAX_DEPTH} times: it makes no more.`,
      );
    }
    await insertToken(tx, {
      id,
      tenantId,
      kind: "pat",
      hash,
      prefix,
      name: request.name.trim(),
      scope: request.scope,
      abilities: [...new Set(request.abilities)].sort(),
      allEndpoints: endpoints === "all",
      createdBy: principal.userId,
      ...wanted,
      team,
      mintedBy: principal.tokenId,
      madeWith: principal.tokenId,
      replaces: null,
    });
    if (
      endpoints !== "all" && await bindToken(tx, id, endpoints, request.tables) !== endpoints.length
    ) {
      throw new AppError("ACCESS_DENIED");
    }
    const made = await reachable(tx, principal, id);
    await record(tx, scope, "token.minted", made);
    return made;
  });
  return { token, view };
}

/**
 * Replaces a token by a new one with the same name, abilities, endpoints and bounds, which stands where the
 * old one stood: bound to what made that, and answering for what that made. The old one goes on for the
 * overlap, if it does not expire before; without any, it is revoked in the same transaction. Who replaces
 * another person's token is its maker from then on.
 *
 * @param overlapSeconds At most `MAX_OVERLAP_SECONDS`.
 * @throws AppError NOT_FOUND; CONFLICT for a token that has expired or was replaced before;
 * INSUFFICIENT_SCOPE without `api:tokens:write`, or where the token may do more than the principal itself;
 * ACCESS_DENIED to a token that comes from it; INVALID_ARGUMENTS.
 */
export async function rotateToken(
  services: Services,
  scope: RequestScope,
  id: TokenId,
  overlapSeconds = 0,
): Promise<MintedToken> {
  const { principal, tenantId } = scope;
  requireAbility(principal, "api:tokens:write");
  if (
    !Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > MAX_OVERLAP_SECONDS
  ) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `The overlap is from 0 to ${MAX_OVERLAP_SECONDS} seconds.`,
    );
  }
  const { token, hash, prefix } = freshToken();
  const newTokenId = newId<TokenId>(services.clock.now());
  const [view, oldHash] = await services.control.tenant(tenantId, async (tx) => {
    const bounds = await hold(tx, principal, id);
    const old = await reachable(tx, principal, id);
    const endpoints = old.endpoints === "all" ? "all" : old.endpoints.map(({ id }) => id);
    // The answer hands out what the old token could do: nobody gets more by it than they have.
    const tables = tablesOf(old);
    requirePower(principal, { ...old, endpoints, tables });
    if (bounds && id !== principal.tokenId && beyond(bounds, old)) {
      throw new AppError("INSUFFICIENT_SCOPE", BEYOND);
    }
    if (old.expiresAt && old.expiresAt.getTime() <= services.clock.now()) {
      throw new AppError("CONFLICT", "This token has expired. Make a new one.");
    }
    if (old.replacedBy) {
      throw new AppError("CONFLICT", "This token was replaced before. Rotate the new one.");
    }
    await insertToken(tx, {
      id: newTokenId,
      tenantId,
      kind: "pat",
      hash,
      prefix,
      name: old.name,
      scope: old.scope,
      abilities: old.abilities,
      allEndpoints: endpoints === "all",
      createdBy: principal.userId,
      expiresAt: old.expiresAt,
      networks: old.networks,
      callsPerMinute: old.callsPerMinute,
      review: old.review,
      team: old.team,
      mintedBy: old.mintedBy,
      madeWith: principal.tokenId,
      replaces: id,
    });
    if (endpoints !== "all") await bindToken(tx, newTokenId, endpoints, tables);
    const ended = await markReplaced(tx, id, newTokenId, overlapSeconds);
    const made = await reachable(tx, principal, newTokenId);
    await record(tx, scope, "token.rotated", made, {
      replaced: id,
      overlap_seconds: overlapSeconds,
    });
    return [made, ended] as const;
  });
  // Also where it goes on: that it ends sooner now is for every replica to learn.
  await services.replicas.forget(CREDENTIALS.name, [oldHash]);
  return { token, view };
}

/**
 * Revokes a token and all that it made, at however many removes: no call that starts after this has answered
 * is served with any of them, by any replica.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE to a token without `api:tokens:write`.
 */
export async function revokeToken(
  services: Services,
  scope: RequestScope,
  id: TokenId,
): Promise<void> {
  const { principal, tenantId } = scope;
  // A person may always end what is theirs.
  if (principal.tokenId !== null) requireAbility(principal, "api:tokens:write");
  const ended = await services.control.tenant(tenantId, async (tx) => {
    await hold(tx, principal, id);
    const old = await reachable(tx, principal, id);
    const ended = await endToken(tx, id);
    await record(tx, scope, "token.revoked", old, endedWith(id, ended));
    return ended;
  });
  await services.replicas.forget(CREDENTIALS.name, ended.map(({ hash }) => hash));
}
