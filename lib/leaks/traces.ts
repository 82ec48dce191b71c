import { AppError } from "../errors.ts";
import type { TokenId } from "../ids.ts";
import { covers, type RequestScope, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import {
  endTraces,
  type MintedToken,
  mintToken,
  readerOf,
  revokeToken,
  rotateToken,
} from "../tokens/mod.ts";
import {
  type CalledTool,
  type DoneAction,
  type LeakReport,
  type PastToken,
  selectActions,
  selectCalls,
  selectNetworks,
  selectPastToken,
  selectReplacement,
  selectReport,
} from "./traces_store.ts";

export type { CalledTool, DoneAction, LeakReport, PastToken } from "./traces_store.ts";

/** What a token could do, and what it did since a time. */
export interface TokenTraces {
  readonly token: PastToken;
  /** By endpoint and tool: calls over MCP. */
  readonly calls: readonly CalledTool[];
  /** By endpoint and action: what the activity log holds of it. */
  readonly actions: readonly DoneAction[];
  /** From where it acted, as far as is known. */
  readonly networks: readonly string[];
  readonly report: LeakReport | null;
  readonly replacement: { readonly id: TokenId; readonly name: string } | null;
}

/** Whether a token, and all that it reaches, is the principal's to see. */
function isWithin({ principal, tenantId }: RequestScope, token: PastToken): boolean {
  const { makers } = readerOf(principal);
  if (makers !== "all" && (token.team || makers === null || token.createdBy !== makers)) {
    return false;
  }
  if (principal.endpoints === "all") return true;
  return !token.allEndpoints && token.endpoints.length > 0 &&
    token.endpoints.every(({ id }) => covers(principal, { id, tenantId }));
}

async function readPast(services: Services, scope: RequestScope, id: TokenId) {
  const token = await services.control.tenant(scope.tenantId, (tx) => selectPastToken(tx, id));
  if (!token || !isWithin(scope, token)) throw new AppError("NOT_FOUND");
  return token;
}

/**
 * Everything that is known of what a token did since a time; also of one that is revoked.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE without `api:tokens:read` and `activity:read`.
 */
export async function traceToken(
  services: Services,
  scope: RequestScope,
  id: TokenId,
  since: Date,
): Promise<TokenTraces> {
  requireAbility(scope.principal, "api:tokens:read");
  requireAbility(scope.principal, "activity:read");
  const token = await readPast(services, scope, id);
  await services.usage.flush();
  return await services.control.tenant(scope.tenantId, async (tx) => ({
    token,
    calls: await selectCalls(tx, id, since),
    actions: await selectActions(tx, id, since),
    networks: await selectNetworks(tx, id, since),
    report: await selectReport(tx, id),
    replacement: await selectReplacement(tx, id),
  }));
}

/** How long what takes the place of an expired token lasts: long enough to set up another. */
const AFTER_EXPIRY_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Mints a token that may do what another could, in the same places and bounds, and revokes the other at
 * once, if nobody has, with all that was made with it.
 *
 * @throws AppError NOT_FOUND; CONFLICT where it reached endpoints that are all gone; INSUFFICIENT_SCOPE.
 */
export async function replaceLeaked(
  services: Services,
  scope: RequestScope,
  id: TokenId,
): Promise<MintedToken> {
  requireAbility(scope.principal, "api:tokens:write");
  const token = await readPast(services, scope, id);
  const minted = await replacePast(services, scope, token);
  // Last: what is revoked by now makes nothing more.
  await endTraces(services, scope, token);
  return minted;
}

async function replacePast(
  services: Services,
  scope: RequestScope,
  token: PastToken,
): Promise<MintedToken> {
  const { id } = token;
  const now = services.clock.now();
  const isOver = token.expiresAt !== null && token.expiresAt.getTime() <= now;
  if (!token.revokedAt && !isOver) {
    try {
      return await rotateToken(services, scope, id);
    } catch (error) {
      const code = error instanceof AppError ? error.code : "";
      // Replaced before, and going on for a while: it ends now.
      if (code === "CONFLICT") await revokeToken(services, scope, id);
      // Else somebody has revoked it just now.
      else if (code !== "NOT_FOUND") throw error;
    }
  }
  if (!token.allEndpoints && !token.endpoints.length) {
    throw new AppError("CONFLICT", "The endpoints that this token reached are gone.");
  }
  return await mintToken(services, scope, {
    name: token.name,
    scope: token.scope,
    abilities: token.abilities,
    endpoints: token.allEndpoints ? "all" : token.endpoints.map(({ id }) => id),
    expiresAt: token.meantUntil && token.meantUntil.getTime() <= now
      ? new Date(now + AFTER_EXPIRY_MS)
      : token.meantUntil,
    networks: token.networks,
    callsPerMinute: token.callsPerMinute,
    review: token.review,
    team: token.team,
  });
}
