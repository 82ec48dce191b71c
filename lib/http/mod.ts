/** The HTTP border, below every route: who calls from where, how much, in what form. */
export {
  cameInTheClear,
  type Client,
  clientAddress,
  clientOf,
  truncateAddress,
} from "./address.ts";
export { readBody } from "./body.ts";
export { type Deadline, Deadlines } from "./deadlines.ts";
export { parseJson, readJson, requireContentType } from "./json.ts";
export { FILE_PACE, paced } from "./pace.ts";
export { boundaryOf, mediaType, readUpload, type Upload } from "./multipart.ts";
export { checkOrigin, type OriginPolicy, preflight, setCorsHeaders } from "./origin.ts";
export {
  getForeign,
  isPublicAddress,
  type OutboundAnswer,
  type OutboundLimits,
  type OutboundPolicy,
  PUBLIC_ONLY,
} from "./outbound.ts";
export { inRanges, parseNetwork, withinNetworks } from "./ranges.ts";
