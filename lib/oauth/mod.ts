/** The authorization server: apps, what people let them do, and what is issued from it. */
export {
  type AuthorizationError,
  type AuthorizationReading,
  type AuthorizationRequest,
  readAuthorizationRequest,
} from "./authorization_request.ts";
export type { Client, ClientKind } from "./client.ts";
export { authenticateClient } from "./client_auth.ts";
export type { ManualClient } from "./client_store.ts";
export { disconnectApp, listConnectedApps, reviewApp } from "./connected_apps.ts";
export { agree, type Agreement, type ConsentChoices, consentChoices, decline } from "./consent.ts";
export { needsDocument } from "./find_client.ts";
export type { ConnectedApp, SeenApp } from "./grant_store.ts";
export { type EndedGrant, endLeakedGrant } from "./leaked.ts";
export {
  listManualClients,
  type ManualRegistration,
  redirectsFault,
  type RegisteredClient,
  registerManualClient,
  removeManualClient,
} from "./manual_clients.ts";
export { issuer, METADATA_PATHS, OAUTH_ALIASES, OAUTH_PATHS, serverMetadata } from "./metadata.ts";
export { OAuthError, type OAuthErrorCode, toOAuthError } from "./oauth_error.ts";
export { Parameters } from "./parameters.ts";
export { formTarget, type RedirectTarget } from "./redirect.ts";
export { countRefusal } from "./refusals.ts";
export { registerClient, type Registration } from "./register.ts";
export { errorJson, preflightAnswer, privateJson, publicJson } from "./respond.ts";
export { SCOPES } from "./scope.ts";
export { noteStepUp } from "./step_up.ts";
export { sweepOAuth } from "./sweep.ts";
export { answerTokenRequest, type TokenResponse } from "./token_request.ts";
export { answerRevocation } from "./token_revocation.ts";
