import { AppError, problemResponse, toAppError } from "../../lib/errors.ts";
import { parseJson, readBody, requireContentType } from "../../lib/http/mod.ts";
import { newId, type RequestId } from "../../lib/ids.ts";
import {
  createGithubKeys,
  type GithubKeys,
  isSignedBy,
  labelsOf,
  parseReport,
  revokeLeaked,
} from "../../lib/leaks/mod.ts";
import type { Limit } from "../../lib/limits/mod.ts";
import type { Services } from "../../lib/services.ts";
import type { Client } from "../../lib/web/mod.ts";

/** Where GitHub reports tokens that it found in public. */
export const GITHUB_LEAKS_PATH = "/webhooks/github/secret-scanning";

const MAX_BYTES = 1024 * 1024;
/** Refusals of a network: GitHub's own reports are never counted. */
const REFUSALS: Limit = { name: "leaks.refusals", attempts: 60, windowMs: 60_000 };

/** Reads a body that GitHub signed; every fault of the signature is told alike. */
async function readSigned(request: Request, keys: GithubKeys): Promise<Uint8Array> {
  requireContentType(request, "application/json");
  // Before anything is parsed: the signature is over the bytes as they came.
  const body = await readBody(request, MAX_BYTES);
  const identifier = request.headers.get("github-public-key-identifier");
  const signature = request.headers.get("github-public-key-signature");
  const key = identifier && signature ? await keys.find(identifier) : null;
  if (!key || !isSignedBy(key, body, signature!)) {
    throw new AppError("AUTHENTICATION_REQUIRED", "Sign the body with a key of GitHub's.");
  }
  return body;
}

/**
 * Makes what answers GitHub's secret scanning. Every token of a report is revoked before the report is
 * answered. Null for every other path.
 *
 * @param keysUrl Where GitHub tells its keys.
 */
export function githubLeaksRoute(
  services: Services,
  keysUrl: string,
): (request: Request, client: Client) => Promise<Response> | null {
  const keys = createGithubKeys(keysUrl, services.clock, services.log);
  const { limiter } = services;

  async function answer(request: Request, client: Client, requestId: RequestId): Promise<Response> {
    if (request.method !== "POST") {
      return new Response(null, { status: 405, headers: { allow: "POST" } });
    }
    const network = client.network ?? "unknown";
    limiter.check(REFUSALS, network);
    let body: Uint8Array;
    try {
      body = await readSigned(request, keys);
    } catch (error) {
      // While keys cannot be had, whoever knocks is not to blame: it may be GitHub.
      if (toAppError(error).kind.status < 500) limiter.take(REFUSALS, network);
      throw error;
    }
    const matches = parseReport(parseJson(body));
    const source = { by: "github", requestId, network: client.network } as const;
    const labels = labelsOf(matches, await revokeLeaked(services, matches, source));
    return Response.json(labels, { headers: { "cache-control": "no-store" } });
  }

  return (request, client) => {
    if (new URL(request.url).pathname !== GITHUB_LEAKS_PATH) return null;
    const requestId = newId<RequestId>(services.clock.now());
    return answer(request, client, requestId).catch((thrown) => {
      const error = toAppError(thrown);
      if (error.kind.status >= 500) {
        services.log.error("leaks.failed", { requestId, error: error.cause ?? error });
      }
      return problemResponse(error, requestId);
    });
  };
}
