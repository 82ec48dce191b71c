/** Bearer tokens: minted, shown once, checked at each call, revoked at once. */
export { authenticate } from "./authenticate.ts";
export { newToken, type TokenKind, tokenKind, tokenPrefix } from "./format.ts";
export {
  listTokens,
  mintToken,
  revokeToken,
  rotateToken,
  type TokenPage,
  type TokenRequest,
} from "./manage.ts";
export type { MintedToken, TokenEndpoint, TokenView } from "./view.ts";
