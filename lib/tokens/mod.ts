/** Bearer tokens: minted, shown once, checked at each call, revoked at once. */
export { authenticate, countCall, type Presented } from "./authenticate.ts";
export { derivedToken, newToken, type TokenKind, tokenKind, tokenPrefix } from "./format.ts";
export {
  type AccessTokenRequest,
  forgetTokens,
  issueAccessToken,
  revokeByAuthorization,
  revokeById,
  revokeWriting,
} from "./issued.ts";
export {
  listTokens,
  MAX_CALLS_PER_MINUTE,
  MAX_NETWORKS,
  MAX_OVERLAP_SECONDS,
  mintToken,
  readToken,
  revokeToken,
  rotateToken,
  type TokenPage,
  type TokenRequest,
} from "./manage.ts";
export type { MintedToken, TokenEndpoint, TokenView } from "./view.ts";
