/** MCP over Streamable HTTP, in both eras. */
export { endpointDoor, enterWithToken } from "./endpoint_door.ts";
export {
  METADATA_PATH,
  metadataUrl,
  protectedResource,
  SERVER_METADATA_PATH,
} from "./protected_resource.ts";
export { wwwAuthenticate } from "./respond.ts";
export { missingCapability } from "./rpc_error.ts";
export { createMcpServer, type Door, type Knock, type McpServer } from "./server.ts";
export type { ParamHeader } from "./header_values.ts";
export type { JsonObject } from "./protocol.ts";
export type {
  CallContext,
  Change,
  JsonText,
  McpPrompts,
  McpResources,
  McpTarget,
  Reply,
} from "./target.ts";
