import { AppError, problemResponse } from "../lib/errors.ts";
import { isSlug, newId, type Slug } from "../lib/ids.ts";
import {
  endpointHost,
  McpServer,
  METADATA_PATH,
  protectedResource,
  SERVER_METADATA_PATH,
} from "../lib/mcp/mod.ts";
import type { Services } from "../lib/services.ts";
import { answerLlmsTxt } from "./llms_txt.ts";

/** What answers below `/mcp/`, and the metadata of what is there. */
export interface McpRoutes {
  /**
   * Answers what is addressed to MCP, and null for everything else. Called before the router, which
   * would take longer than all of this.
   *
   * @param peer The address at the other end of the connection; null where there is none.
   */
  handle(request: Request, peer: string | null): Promise<Response> | null;
  /** Ends open subscriptions, so that the process can stop. */
  close(): void;
}

const MCP_PATH = "/mcp/";
const LLMS_TXT = "/llms.txt";

/** The path of an absolute URL, without its query. */
function pathOf(url: string): string {
  const start = url.indexOf("/", "https://".length);
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

const nothingHere = () => Promise.resolve(problemResponse(new AppError("NOT_FOUND"), newId()));

/** Makes the routes. */
export function mcpRoutes(services: Services): McpRoutes {
  const server = new McpServer(endpointHost(services));
  const metadata = (request: Request, slug: Slug | null) =>
    Promise.resolve(protectedResource(services, request, slug));
  return {
    handle(request, peer) {
      const path = pathOf(request.url);
      if (path.startsWith(MCP_PATH)) {
        if (path.endsWith(SERVER_METADATA_PATH)) {
          // Some clients append the well-known path where RFC 9728, section 3.1, inserts it.
          const slug = path.slice(MCP_PATH.length, -SERVER_METADATA_PATH.length);
          return isSlug(slug) ? metadata(request, slug) : nothingHere();
        }
        const isText = path.endsWith(LLMS_TXT);
        const slug = path.slice(MCP_PATH.length, isText ? -LLMS_TXT.length : undefined);
        if (!isSlug(slug)) return nothingHere();
        return isText
          ? answerLlmsTxt(services, request, slug, peer)
          : server.answer(request, slug, peer);
      }
      if (path.startsWith(METADATA_PATH)) {
        const slug = path.slice(METADATA_PATH.length);
        return isSlug(slug) ? metadata(request, slug) : nothingHere();
      }
      return path === SERVER_METADATA_PATH ? metadata(request, null) : null;
    },
    close: () => server.close(),
  };
}
