/** MCP over Streamable HTTP, in both eras. */
export { endpointHost, enterWithToken } from "./endpoint_host.ts";
export {
  METADATA_PATH,
  metadataUrl,
  protectedResource,
  SERVER_METADATA_PATH,
} from "./protected_resource.ts";
export { wwwAuthenticate } from "./respond.ts";
export { RpcError } from "./rpc_error.ts";
export { McpServer } from "./server.ts";
export type { ParamHeader } from "./header_values.ts";
export type { JsonObject } from "./protocol.ts";
export type {
  CallContext,
  Change,
  JsonText,
  McpHost,
  McpPrompts,
  McpRequest,
  McpResources,
  McpTarget,
  Reply,
} from "./host.ts";
