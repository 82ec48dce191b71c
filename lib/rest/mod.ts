/** The REST interface: routes as data, served and described from the same schemas. */
export { activityResource, showActivity } from "./activity_resource.ts";
export {
  changeResource,
  entryResource,
  showChange,
  showEntry,
  showUndo,
  undoResource,
} from "./change_resource.ts";
export { endpointChange, endpointResource, showEndpoint } from "./endpoint_resource.ts";
export { ingestResource, rejectResource, showIngest, showReject } from "./ingest_resource.ts";
export { fieldsOf, validate } from "./input.ts";
export { type OpenApiDocument, openApiDocument } from "./openapi.ts";
export { fromCursor, pageOf, pageQuery, toCursor } from "./paging.ts";
export { reviewResource, showReview } from "./review_resource.ts";
export {
  endpointRoute,
  type Method,
  type RestAnswer,
  type RestInput,
  type RestRoute,
  tenantRoute,
} from "./route.ts";
export { askedRules, rulesRequest, rulesResource, showRules } from "./rules_resource.ts";
export { createRest } from "./server.ts";
export { showTable, tableResource } from "./table_resource.ts";
export {
  mintedResource,
  rotationQuery,
  showMinted,
  showToken,
  tokenRequest,
  tokenResource,
} from "./token_resource.ts";
