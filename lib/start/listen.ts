import { StartupError } from "../postgres/mod.ts";

/** Everything that answers a URL. */
export interface Handler {
  /** @param peer The address at the other end of the connection; null where there is none. */
  answer(request: Request, peer: string | null): Promise<Response>;
  /** Ends what is held open, so that the process can stop. */
  close(): void;
}

/** A server that listens, and what it serves. */
export interface Listener {
  readonly port: number;
  /** Serves from now on; before, every request is told to come back. */
  serve(handler: Handler): void;
  /** Takes no more connections and waits for those that are being answered, for a bounded time. */
  close(): Promise<void>;
}

const GRACE_MS = 5_000;

const starting = () =>
  new Response("Starting. Try again in a moment.\n", {
    status: 503,
    headers: { "retry-after": "2", "cache-control": "no-store" },
  });

/** Says in the operator's words why an address cannot be had. */
function unavailable(host: string, port: number, error: unknown): unknown {
  if (error instanceof Deno.errors.AddrInUse) {
    return new StartupError(
      `Port ${port} of ${host} is taken by another process. Set PORT to another; 0 picks a free one.`,
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new StartupError(`The user of this process may not listen on port ${port}. Set PORT.`);
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return new StartupError(`This machine has no address ${host}. Set HOST to one that it has.`);
  }
  return error;
}

/**
 * Starts to listen before anything else is started, so that a port that is taken is told at once, and
 * one that the system picks is known.
 *
 * @throws StartupError where the address cannot be had.
 */
export function listen(host: string, port: number): Listener {
  let handler: Handler | null = null;
  const abort = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname: host.replace(/^\[|\]$/g, ""), port, signal: abort.signal, onListen: () => {} },
      (request, info) => {
        if (!handler) return starting();
        // Read once: each access makes it anew.
        const peer = info.remoteAddr;
        return handler.answer(request, peer.transport === "tcp" ? peer.hostname : null);
      },
    );
  } catch (error) {
    throw unavailable(host, port, error);
  }
  let closed: Promise<void> | null = null;
  return {
    port: server.addr.port,
    serve: (given) => void (handler = given),
    close() {
      handler?.close();
      const timer = setTimeout(() => abort.abort(), GRACE_MS);
      return closed ??= server.shutdown().finally(() => clearTimeout(timer));
    },
  };
}
