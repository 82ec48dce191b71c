import { networkOf } from "../../lib/http/mod.ts";
import type { Services } from "../../lib/services.ts";

/** A handler behind a real socket. */
export interface Served extends AsyncDisposable {
  /** `http://127.0.0.1:…`, without a path. */
  readonly origin: string;
}

/** Serves on a free port of the loopback, as `main.ts` does: the client's network comes along. */
export function serve(
  services: Services,
  handler: (request: Request, client: { network: string | null }) => Promise<Response>,
): Served {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => {
      const peer = info.remoteAddr.transport === "tcp" ? info.remoteAddr.hostname : null;
      return handler(request, { network: networkOf(request, peer, services) });
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}
