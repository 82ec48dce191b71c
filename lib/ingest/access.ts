import { AppError } from "../errors.ts";
import { type EndpointScope, type Principal, requireAbility } from "../principal.ts";
import type { LoadOptions } from "./load/mod.ts";

/** Whether a credential acts, and not a person who is signed in or the process itself. */
export function isCredential({ tokenId, grantId }: Principal): boolean {
  return tokenId !== null || grantId !== undefined;
}

/**
 * Throws unless the caller may import a file so. To put rows into a table that is there is a write like any
 * other: a token needs the abilities that the same rows would need one by one, and the endpoint to take
 * writes. What it may do in that very table is for Postgres to say, when the rows go in.
 *
 * @throws AppError INSUFFICIENT_SCOPE, WRITES_OFF.
 */
export function requireImport(scope: EndpointScope, { mode }: LoadOptions): void {
  const { principal, endpoint } = scope;
  if (!isCredential(principal) || mode === "create") return;
  requirePower(principal, mode);
  if (endpoint.settings.writes === "off") throw new AppError("WRITES_OFF");
}

/**
 * Throws unless a credential may put rows into a table that is there.
 *
 * @throws AppError INSUFFICIENT_SCOPE.
 */
export function requirePower(principal: Principal, mode: "append" | "replace"): void {
  if (principal.scope !== "mcp:write") {
    throw new AppError("INSUFFICIENT_SCOPE", "This needs the scope mcp:write.", {
      scope: "mcp mcp:write",
    });
  }
  requireAbility(principal, "rows:insert");
  if (mode === "replace") requireAbility(principal, "rows:delete");
}
