import { actorOf, recordEvent } from "../audit/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { type ClientId, newId } from "../ids.ts";
import type { RedirectSchemes } from "../redirect_schemes.ts";
import { type RequestScope, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import { forgetTokens, newToken } from "../tokens/mod.ts";
import { appName } from "./app_name.ts";
import {
  deleteManualClient,
  insertManualClient,
  type ManualClient,
  selectManualClients,
} from "./client_store.ts";
import { lockGrant, selectGrantsOfClient } from "./grant_store.ts";
import { readRedirect } from "./redirect.ts";
import { newClientId } from "./register.ts";
import { endGrant } from "./revocation.ts";

/** What a person says of an app that they register. */
export interface ManualRegistration {
  readonly name: string;
  /** At least one. */
  readonly redirectUris: readonly string[];
  /** Whether it can keep a secret: a server can, a program on people's machines cannot. */
  readonly confidential: boolean;
}

/** A client that was registered just now: the only time that its secret is shown. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly secret: string | null;
}

const MAX_REDIRECTS = 20;

/** What is wrong with a list of redirect URIs; null where nothing is. */
export function redirectsFault(
  uris: readonly string[],
  schemes: RedirectSchemes,
): string | null {
  if (uris.length === 0) return "Name at least one address.";
  if (uris.length > MAX_REDIRECTS) return `Name ${MAX_REDIRECTS} addresses at most.`;
  const wrong = uris.findIndex((uri) => !readRedirect(uri, schemes));
  return wrong < 0
    ? null
    : `Line ${
      wrong + 1
    } cannot be used: take https://, http:// on this machine, or an app's own scheme.`;
}

/**
 * Registers an app for the members of the tenant.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:tokens:write`; INVALID_ARGUMENTS.
 */
export async function registerManualClient(
  services: Services,
  scope: RequestScope,
  { name, redirectUris, confidential }: ManualRegistration,
): Promise<RegisteredClient> {
  const { principal, tenantId } = scope;
  requireAbility(principal, "api:tokens:write");
  const shown = appName(name);
  const fault = shown === null
    ? "Give the app a name."
    : redirectsFault(redirectUris, services.redirectSchemes);
  if (shown === null || fault) throw new AppError("INVALID_ARGUMENTS", fault!);
  const secret = confidential ? newToken("ocs") : null;
  const clientId = newClientId();
  const id = newId<ClientId>();
  await services.control.tenant(tenantId, async (tx) => {
    await insertManualClient(tx, {
      id,
      clientId,
      tenantId,
      name: shown,
      redirectUris: [...new Set(redirectUris)],
      refreshes: true,
      authMethod: confidential ? "client_secret_basic" : "none",
      secretHash: secret === null ? null : sha256(secret),
      createdBy: principal.userId,
    });
    await recordEvent(tx, {
      tenantId,
      action: "client.registered",
      actor: actorOf(scope),
      subject: shown,
      detail: { client_id: clientId, confidential, redirect_uris: redirectUris },
    });
  });
  return { clientId, secret };
}

/**
 * The apps that the tenant's members registered.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:tokens:read`.
 */
export async function listManualClients(
  services: Services,
  scope: RequestScope,
): Promise<ManualClient[]> {
  requireAbility(scope.principal, "api:tokens:read");
  return await services.control.tenant(scope.tenantId, selectManualClients);
}

/**
 * Removes an app and disconnects it from everybody.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:tokens:write`; NOT_FOUND.
 */
export async function removeManualClient(
  services: Services,
  scope: RequestScope,
  id: ClientId,
): Promise<void> {
  requireAbility(scope.principal, "api:tokens:write");
  const { tenantId } = scope;
  const actor = actorOf(scope);
  const lost = await services.control.tenant(tenantId, async (tx) => {
    const hashes: string[] = [];
    for (const grantId of await selectGrantsOfClient(tx, id)) {
      const grant = await lockGrant(tx, grantId);
      if (grant) hashes.push(...await endGrant(tx, tenantId, grant, "client_removed", actor));
    }
    const name = await deleteManualClient(tx, id);
    if (name === null) throw new AppError("NOT_FOUND");
    await recordEvent(tx, { tenantId, action: "client.removed", actor, subject: name });
    return hashes;
  });
  await forgetTokens(services, lost);
}
