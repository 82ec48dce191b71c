/** Endpoints: made with a database of their own, entered by those whom their tenant lets in. */
export { enterEndpoint, publicEndpoint, SLUGS } from "./enter.ts";
export {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  endpointRoles,
  listEndpoints,
  sweepEndpoints,
} from "./lifecycle.ts";
export { type DatabaseRole, openEndpoint } from "./open.ts";
export type { EndpointRow, EndpointView } from "./store.ts";
