import { cameInTheClear, clientOf } from "../lib/http/mod.ts";
import { GITHUB_KEYS_URL } from "../lib/leaks/mod.ts";
import { createRest } from "../lib/rest/mod.ts";
import type { Services } from "../lib/services.ts";
import type { Handler } from "../lib/start/mod.ts";
import { createPages, createSite, loadAssets } from "../lib/web/mod.ts";
import { auditKeysRoute } from "./audit_keys.ts";
import { answerInTheClear } from "./in_the_clear.ts";
import { mcpRoutes } from "./mcp.ts";
import { oauthRoutes } from "./oauth/machine.ts";
import { PAGES } from "./pages.ts";
import { REST_ROUTES } from "./v1/routes.ts";
import { githubLeaksRoute } from "./webhooks/github_secret_scanning.ts";

const REST = /^https?:\/\/[^/]*\/v1(\/|$)/;

/**
 * Builds the handler.
 *
 * @param options.githubKeysUrl Where GitHub tells the keys of its reports, if not where it does.
 */
export async function createHandler(
  services: Services,
  options: { githubKeysUrl?: string } = {},
): Promise<Handler> {
  const assets = await loadAssets(new URL("../", import.meta.url), services.log);
  const mcp = mcpRoutes(services);
  const oauth = oauthRoutes(services);
  const githubLeaks = githubLeaksRoute(services, options.githubKeysUrl ?? GITHUB_KEYS_URL);
  const auditKeys = auditKeysRoute(services);
  const rest = createRest(services, REST_ROUTES);
  const pages = createPages(createSite(services, assets), PAGES);
  const secure = services.baseUrl.protocol === "https:";
  return {
    answer(request, peer) {
      if (secure && cameInTheClear(request, peer, services)) {
        return Promise.resolve(answerInTheClear(services, request));
      }
      // Before any router: agents' calls are most of what is asked.
      const answered = mcp.handle(request, peer);
      if (answered) return answered;
      const client = clientOf(request, peer, services);
      return Promise.resolve(
        oauth(request, client) ?? githubLeaks(request, client) ??
          auditKeys(request) ??
          (REST.test(request.url) ? rest(request, client) : pages(request, client)),
      );
    },
    close: () => mcp.close(),
  };
}
