/** Bearer tokens: minted, shown once, checked at each call, revoked at once. */
export { authenticate } from "./authenticate.ts";
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
  mintToken,
  revokeToken,
  rotateToken,
  type TokenPage,
  type TokenRequest,
} from "./manage.ts";
export type { MintedToken, TokenEndpoint, TokenView } from "./view.ts";
