/** Bearer tokens: minted, shown once, checked at each call, revoked at once. */
export { authenticate, countCall, type Presented } from "./authenticate.ts";
export { derivedToken, newToken, type TokenKind, tokenKind, tokenPrefix } from "./format.ts";
export {
  type AccessTokenRequest,
  forgetTokens,
  issueAccessToken,
  revokeByAuthorization,
  revokeById,
  revokeReaching,
  revokeWriting,
} from "./issued.ts";
export { endTokensOf, holdTokensOf } from "./makers.ts";
export { endedWith, endLeaked, endTraces } from "./line.ts";
export { type LineToken, selectTeamTokens, type TeamToken } from "./line_store.ts";
export {
  listTokens,
  readerOf,
  readLine,
  readToken,
  type TokenLine,
  type TokenPage,
} from "./read.ts";
export {
  MAX_CALLS_PER_MINUTE,
  MAX_NETWORKS,
  MAX_OVERLAP_SECONDS,
  mintToken,
  revokeToken,
  rotateToken,
  type TokenRequest,
} from "./manage.ts";
export { countWholeReach, isReachedByTable, type WholeReach } from "./reach_store.ts";
export type { MintedToken, TokenEndpoint, TokenView } from "./view.ts";
