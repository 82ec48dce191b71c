import { requireStanding } from "../../auth/mod.ts";
import { AppError } from "../../errors.ts";
import type { TokenId } from "../../ids.ts";
import { actorKey } from "../../journal/mod.ts";
import { type EndpointScope, requireAbility } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { isSameLine } from "./deciders_store.ts";

/**
 * Throws unless the caller may decide on changes: an owner or an admin, or a token of one. A token whose
 * own writes wait for a person cannot stand in for one.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:changes:write`, ACCESS_DENIED.
 */
export async function requireDecider(services: Services, scope: EndpointScope): Promise<void> {
  const { principal } = scope;
  requireAbility(principal, "api:changes:write");
  if (principal.tokenId !== null && principal.review) {
    throw new AppError("ACCESS_DENIED", "What this token changes waits for a person: it is none.");
  }
  const refusal = "Owners and admins decide on changes, and their tokens.";
  await requireStanding(services, scope, "changes:decide", refusal);
}

/**
 * Throws where the caller is who asked for the change: the same token, another one of its line (what made it,
 * what it made, what the same one made, what took its place), one of a line that a token of the other has
 * rotated, the same connection. A person is somebody else than the agents that they let in.
 *
 * @throws AppError ACCESS_DENIED.
 */
export async function requireAnother(
  services: Services,
  { principal, tenantId }: EndpointScope,
  asked: { readonly actor: string; readonly token: string | null },
): Promise<void> {
  const { tokenId } = principal;
  const token = asked.token as TokenId | null;
  const isOwn = actorKey(principal) === asked.actor ||
    (tokenId !== null && token !== null &&
      await services.control.tenant(tenantId, (tx) => isSameLine(tx, tokenId, token)));
  if (isOwn) throw new AppError("ACCESS_DENIED", "Nobody approves what they asked for themselves.");
}
