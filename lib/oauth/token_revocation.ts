import type { AuditActor } from "../audit/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import type { Services } from "../services.ts";
import { forgetTokens, revokeById, tokenKind } from "../tokens/mod.ts";
import { lookUpAccessToken, lookUpRefreshToken } from "./authorization_store.ts";
import type { StoredClient } from "./client.ts";
import type { Parameters } from "./parameters.ts";
import { endAuthorization } from "./revocation.ts";

/**
 * Revokes a token that a client gives back (RFC 7009): an access token alone, a refresh token with all
 * that was issued from the same authorization (section 2.1). What is unknown, or another client's, is
 * answered in the same way and left alone (section 2.2).
 *
 * @throws OAuthError invalid_request.
 */
export async function answerRevocation(
  services: Services,
  client: StoredClient,
  parameters: Parameters,
  actor: AuditActor,
): Promise<void> {
  const token = parameters.need("token");
  // The form of our tokens tells what they are: the hint is not needed.
  const kind = tokenKind(token);
  const { control } = services;
  if (kind === "oat") {
    const found = await lookUpAccessToken(control.lookup, sha256(token));
    if (found?.client !== client.id) return;
    const hash = await control.tenant(found.tenantId, (tx) => revokeById(tx, found.tokenId));
    await forgetTokens(services, hash ? [hash] : []);
  } else if (kind === "ort") {
    const found = await lookUpRefreshToken(control.lookup, sha256(token));
    if (found?.client !== client.id) return;
    const { tenantId, authorizationId } = found;
    const lost = await control.tenant(
      tenantId,
      (tx) => endAuthorization(tx, tenantId, authorizationId, "by_app", actor),
    );
    await forgetTokens(services, lost);
  }
}
