/**
 * A certified authorization server beside ours, set up for the same: codes with S256, opaque tokens for
 * endpoints of one host, rotating refresh tokens, registration.
 */
import { createServer } from "node:http";
import Provider, { errors } from "oidc-provider";
import { Browser } from "./browser.ts";

/** How a client of the oracle authenticates. */
export type Method = "none" | "client_secret_basic" | "client_secret_post";

/** The oracle, and its clients by their method. */
export interface Oracle extends AsyncDisposable {
  readonly origin: string;
  readonly secret: string;
  /** Walks a request for authorization to its end; every person agrees at once. */
  authorize(query: string): Promise<Response>;
}

const SECRET = "a-secret-of-the-oracles-clients-which-is-long-enough";

/** Starts it; `endpoints` are the resources that it knows. */
export async function startOracle(
  redirectUri: string,
  endpoints: readonly string[],
): Promise<Oracle> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const origin = `http://127.0.0.1:${port}`;
  const client = (method: Method, id: string = method) => ({
    client_id: id,
    ...(method === "none" ? {} : { client_secret: SECRET }),
    token_endpoint_auth_method: method,
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    scope: "mcp mcp:write",
  });
  const provider = new Provider(origin, {
    clients: [
      client("none"),
      client("none", "other"),
      client("client_secret_basic"),
      client("client_secret_post"),
    ],
    scopes: ["mcp", "mcp:write"],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => Promise.resolve(true),
    cookies: { keys: ["of-a-test"] },
    findAccount: (_ctx: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId }),
    }),
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => endpoints[0],
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx: unknown, resource: string) => {
          if (!endpoints.includes(resource)) throw new errors.InvalidTarget();
          return {
            scope: "mcp mcp:write",
            audience: resource,
            accessTokenFormat: "opaque",
            accessTokenTTL: 3600,
          };
        },
      },
    },
  });
  const serve = provider.callback();
  server.on("request", async (request, response) => {
    if (!request.url!.startsWith("/interaction/")) return serve(request, response);
    // Everybody is signed in and agrees to what is asked; writing is left out, as nobody ticks it.
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: "person", clientId: params.client_id });
    grant.addOIDCScope("mcp");
    grant.rejectOIDCScope("mcp:write");
    for (const resource of endpoints) {
      grant.addResourceScope(resource, "mcp");
      grant.rejectResourceScope(resource, "mcp:write");
    }
    const grantId = await grant.save();
    await provider.interactionFinished(request, response, {
      login: { accountId: "person" },
      consent: { grantId },
    });
  });
  return {
    origin,
    secret: SECRET,
    async authorize(query) {
      const browser = new Browser(origin);
      let answer = await browser.go(`/auth?${query}`);
      for (let hop = 0; hop < 5; hop++) {
        const location = answer.headers.get("location");
        if (!location || !new URL(location, origin).href.startsWith(origin)) break;
        await answer.body?.cancel();
        answer = await browser.go(new URL(location, origin).href.slice(origin.length));
      }
      return answer;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
