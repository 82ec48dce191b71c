import type { AuditActor } from "../audit/mod.ts";
import { hmac, sha256 } from "../crypto/mod.ts";
import type { AuthorizationId, TenantId } from "../ids.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";
import { derivedToken, forgetTokens, newToken, tokenKind } from "../tokens/mod.ts";
import {
  holdAuthorization,
  insertRefreshToken,
  isCodeUsed,
  lookUpCode,
  lookUpRefreshToken,
  spendCode,
  spendRefreshToken,
  takeStepUp,
} from "./authorization_store.ts";
import type { StoredClient } from "./client.ts";
import { ACCESS_SECONDS, type Issued, issueFrom, type Wanted } from "./issue.ts";
import { lockGrantOf } from "./grant_store.ts";
import { OAuthError } from "./oauth_error.ts";
import type { Parameters } from "./parameters.ts";
import { parseAudience } from "./resource.ts";
import { endAuthorization, endGrant } from "./revocation.ts";
import { parseScope, scopeText } from "./scope.ts";

/** Seconds that a refresh token lives unused; each use begins them anew, without an end of their own. */
const REFRESH_SECONDS = 90 * 86_400;
/** Seconds in which a refresh that is repeated is answered as it was. */
const GRACE_SECONDS = 30;

/** Tokens issued from one authorization: what a client asks for itself holds up nobody else. */
const ISSUES: Limit = { name: "oauth.issues", attempts: 300, windowMs: 60_000 };

/** The access token response (RFC 6749, section 5.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly scope: string;
}

const response = ({ token, scope }: Issued, refreshToken: string | null): TokenResponse => ({
  access_token: token,
  token_type: "Bearer",
  expires_in: ACCESS_SECONDS,
  ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
  scope: scopeText(scope),
});

/**
 * One text for whatever is wrong with a code or a refresh token: it tells nothing of others'. What was
 * this client's once is always told so, and counts as no failure: whoever hears "later" goes on with it.
 */
const badGrant = ({ known }: { known: boolean }) =>
  new OAuthError(
    "invalid_grant",
    "It is unknown, used up, expired, revoked or not of this client.",
    { counts: !known },
  );

/**
 * What a client that was refused a write hears if it refreshes at once, as some do where the person should
 * be asked (MCP, step-up authorization flow): the SDK of version 1 then sends them to authorization with the
 * scope of the challenge. The refresh token stays as it is, and the next refresh is answered as ever.
 */
const askPerson = () =>
  new OAuthError(
    "interaction_required",
    "Refreshing gives no wider scope. Ask the person: send a request for authorization.",
    { counts: false },
  );

function readWanted(services: Services, parameters: Parameters): Wanted {
  const scope = parameters.get("scope");
  return {
    scope: scope === null ? null : parseScope(scope),
    audience: parseAudience(services.baseUrl, parameters.all("resource")),
  };
}

function readVerifier(parameters: Parameters): string {
  const verifier = parameters.need("code_verifier");
  // RFC 7636, section 4.1.
  if (/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return verifier;
  throw new OAuthError("invalid_request", "code_verifier is not of the right form.");
}

/** RFC 7636, section 4.6: the verifier whose SHA-256 came with the request for authorization. */
function provesChallenge(verifier: string, challenge: string): boolean {
  return sha256(verifier).toBase64({ alphabet: "base64url", omitPadding: true }) === challenge;
}

/** Who revokes where nobody asked for it: what was seen twice. */
const watcher = (actor: AuditActor): AuditActor => ({ ...actor, kind: "system" });

async function exchangeCode(
  services: Services,
  client: StoredClient,
  parameters: Parameters,
  actor: AuditActor,
): Promise<TokenResponse> {
  const code = parameters.need("code");
  const verifier = readVerifier(parameters);
  const redirectUri = parameters.get("redirect_uri");
  const wanted = readWanted(services, parameters);
  const found = tokenKind(code) === "oac"
    ? await lookUpCode(services.control.lookup, sha256(code))
    : null;
  if (!found || found.client !== client.id) throw badGrant({ known: false });
  const { authorizationId: id, tenantId } = found;
  services.limiter.take(ISSUES, id);
  const used = await services.control.tenant(tenantId, (tx) => isCodeUsed(tx, id));
  // Before the verifier is looked at: who has a code that was used before is no friend.
  if (used) return await punishCode(services, tenantId, id, actor);
  // A request that named its redirect must name it again (RFC 6749, section 4.1.3); where OAuth 2.1
  // clients leave it out, PKCE has bound the code already.
  const redirects = redirectUri === null || redirectUri === found.redirectUri;
  if (!redirects || !provesChallenge(verifier, found.challenge)) {
    throw badGrant({ known: false });
  }
  const issued = await services.control.tenant(tenantId, async (tx) => {
    const living = await holdAuthorization(tx, id);
    if (!living) throw badGrant({ known: true });
    if (!await spendCode(tx, id)) return null;
    const issued = await issueFrom(tx, tenantId, id, living, wanted);
    const refreshToken = client.refreshes ? newToken("ort") : null;
    if (refreshToken) await insertRefreshToken(tx, sha256(refreshToken), id, REFRESH_SECONDS);
    return response(issued, refreshToken);
  });
  return issued ?? await punishCode(services, tenantId, id, actor);
}

/** Ends all that was issued from a code that is presented again (RFC 6749, section 4.1.2). */
async function punishCode(
  services: Services,
  tenantId: TenantId,
  id: AuthorizationId,
  actor: AuditActor,
): Promise<never> {
  const lost = await services.control.tenant(
    tenantId,
    async (tx) =>
      await isCodeUsed(tx, id)
        ? await endAuthorization(tx, tenantId, id, "code_replayed", watcher(actor))
        : [],
  );
  await forgetTokens(services, lost);
  throw badGrant({ known: true });
}

/**
 * The refresh token that follows another: a keyed hash of it, so that whoever repeats a refresh within
 * the grace gets the same one on any replica, though no token is kept.
 */
async function successorOf(services: Services, token: string): Promise<string> {
  return derivedToken("ort", hmac(await services.masterKey.derive("oauth/refresh"), token));
}

async function refresh(
  services: Services,
  client: StoredClient,
  parameters: Parameters,
  actor: AuditActor,
): Promise<TokenResponse> {
  const token = parameters.need("refresh_token");
  const wanted = readWanted(services, parameters);
  const hash = sha256(token);
  const found = tokenKind(token) === "ort"
    ? await lookUpRefreshToken(services.control.lookup, hash)
    : null;
  if (!found || found.client !== client.id) throw badGrant({ known: false });
  const { authorizationId: id, tenantId } = found;
  services.limiter.take(ISSUES, id);
  const successor = await successorOf(services, token);
  const outcome = await services.control.tenant(tenantId, async (tx) => {
    const living = await holdAuthorization(tx, id);
    if (!living) throw badGrant({ known: true });
    // Whoever names the scope knows that refreshing does not widen it.
    if (wanted.scope === null && !living.readerOnly && await takeStepUp(tx, id, hash)) return "ask";
    const use = await spendRefreshToken(tx, hash, GRACE_SECONDS);
    if (use === "gone") throw badGrant({ known: true });
    if (use === "replayed") return null;
    const issued = await issueFrom(tx, tenantId, id, living, wanted);
    if (use === "first") await insertRefreshToken(tx, sha256(successor), id, REFRESH_SECONDS);
    return response(issued, successor);
  });
  if (outcome === "ask") throw askPerson();
  if (outcome) return outcome;
  const lost = await services.control.tenant(tenantId, async (tx) => {
    const grant = await lockGrantOf(tx, id);
    return grant
      ? await endGrant(tx, tenantId, grant, "refresh_token_replayed", watcher(actor))
      : [];
  });
  await forgetTokens(services, lost);
  throw badGrant({ known: true });
}

/**
 * Answers a token request of a client that has proven who it is.
 *
 * @throws OAuthError of RFC 6749, section 5.2, or RFC 8707.
 */
export function answerTokenRequest(
  services: Services,
  client: StoredClient,
  parameters: Parameters,
  actor: AuditActor,
): Promise<TokenResponse> {
  switch (parameters.need("grant_type")) {
    case "authorization_code":
      return exchangeCode(services, client, parameters, actor);
    case "refresh_token":
      return refresh(services, client, parameters, actor);
    default:
      throw new OAuthError("unsupported_grant_type", "This grant_type is not served.");
  }
}
