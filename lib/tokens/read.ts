import { AppError } from "../errors.ts";
import type { TokenId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import { atLeast, type Principal, type RequestScope, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import { type LineToken, selectLine } from "./line_store.ts";
import { selectToken, selectTokens, type TokenReader } from "./store.ts";
import type { TokenView } from "./view.ts";

/** Whose tokens a principal sees and manages: members their own; owners and admins all. */
export function readerOf({ endpoints, tables, role, userId }: Principal): TokenReader {
  return {
    endpoints,
    ...(tables ? { tables } : {}),
    makers: atLeast(role, "admin") ? "all" : userId,
  };
}

/** A token within the principal's reach; throws NOT_FOUND, for others' tokens do not exist. */
export async function reachable(tx: Tx, principal: Principal, id: TokenId): Promise<TokenView> {
  const view = await selectToken(tx, readerOf(principal), id);
  if (!view) throw new AppError("NOT_FOUND");
  return view;
}

/** A part of a list, and whether there is more. */
export interface TokenPage {
  readonly tokens: readonly TokenView[];
  /** Where the next part begins; null at the end. */
  readonly next: TokenId | null;
}

/**
 * The tokens that are not revoked, newest first: a member's own, an owner's or admin's all. A principal that
 * covers some endpoints only is shown those that reach no further.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:tokens:read`.
 */
export async function listTokens(
  services: Services,
  { principal, tenantId }: RequestScope,
  page: { after?: TokenId | null; limit?: number } = {},
): Promise<TokenPage> {
  requireAbility(principal, "api:tokens:read");
  const limit = page.limit ?? 100;
  const rows = await services.control.tenant(
    tenantId,
    (tx) => selectTokens(tx, readerOf(principal), { after: page.after ?? null, limit: limit + 1 }),
  );
  const tokens = rows.slice(0, limit);
  return { tokens, next: rows.length > limit ? tokens.at(-1)!.id : null };
}

/**
 * One token that is not revoked.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE without `api:tokens:read`.
 */
export async function readToken(
  services: Services,
  scope: RequestScope,
  id: TokenId,
): Promise<TokenView> {
  requireAbility(scope.principal, "api:tokens:read");
  return await services.control.tenant(
    scope.tenantId,
    (tx) => reachable(tx, scope.principal, id),
  );
}

/** How many tokens of a line are shown. */
const MAX_LINE = 500;

/** A token among those that it was made by, and those that it made. */
export interface TokenLine {
  readonly token: TokenView;
  /** All of the line, the first made first, also what is over. */
  readonly tokens: readonly LineToken[];
  /** Whether there are more than are shown. */
  readonly more: boolean;
}

/**
 * One token that is not revoked, and its line.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE without `api:tokens:read`.
 */
export async function readLine(
  services: Services,
  { principal, tenantId }: RequestScope,
  id: TokenId,
): Promise<TokenLine> {
  requireAbility(principal, "api:tokens:read");
  return await services.control.tenant(tenantId, async (tx) => {
    const token = await reachable(tx, principal, id);
    const tokens = await selectLine(tx, token.line, MAX_LINE + 1);
    return { token, tokens: tokens.slice(0, MAX_LINE), more: tokens.length > MAX_LINE };
  });
}
