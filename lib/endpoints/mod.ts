/** Endpoints: made with a database of their own, entered by those whom their tenant lets in. */
export { enterEndpoint, lookAhead, publicEndpoint, SLUGS } from "./enter.ts";
export {
  type BeforeDrop,
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  endpointRoles,
  listEndpoints,
  sweepEndpoints,
} from "./lifecycle.ts";
export { type DatabaseRole, openEndpoint, openReader, withEndpoint } from "./open.ts";
export { ensureSchema, upgradeEndpoints } from "./schema.ts";
export type { EndpointRow, EndpointView, SystemTarget } from "./store.ts";
export { enterAsSystem } from "./system.ts";
