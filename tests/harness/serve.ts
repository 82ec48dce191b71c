import { type Client, clientOf } from "../../lib/http/mod.ts";
import type { Services } from "../../lib/services.ts";

/** A handler behind a real socket. */
export interface Served extends AsyncDisposable {
  /** `http://127.0.0.1:…`, without a path. */
  readonly origin: string;
}

/** Serves on a free port of the loopback, as `main.ts` does: where the client is comes along. */
export function serve(
  services: Services,
  handler: (request: Request, client: Client) => Promise<Response>,
): Served {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => {
      const peer = info.remoteAddr.transport === "tcp" ? info.remoteAddr.hostname : null;
      return handler(request, clientOf(request, peer, services));
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}
