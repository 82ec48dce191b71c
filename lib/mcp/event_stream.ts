const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = new TextEncoder().encode(": keep-alive\n\n");

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // Proxies that buffer would hold events back (2026-07-28, Streamable HTTP, receiving messages).
  "x-accel-buffering": "no",
};

/** A stream of server-sent events that carries JSON-RPC messages. */
export interface EventStream {
  readonly response: Response;
  /** Sends a message; nothing is sent once the stream has ended. */
  send(message: string): void;
  /** Ends the stream, with a last message where one is given. */
  end(message?: string): void;
}

/**
 * Opens a stream.
 *
 * @param onGone Called once when the client closes it.
 */
export function openEventStream(onGone: () => void): EventStream {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;

  const keepAlive = setInterval(() => {
    // A client that does not read gets no more of them.
    if ((controller?.desiredSize ?? 0) > 0) controller?.enqueue(KEEP_ALIVE);
  }, KEEP_ALIVE_MS);
  const stop = () => {
    controller = undefined;
    clearInterval(keepAlive);
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(opened) {
      controller = opened;
    },
    cancel() {
      stop();
      onGone();
    },
  });
  const send = (message: string) => {
    // Postgres writes line breaks between array elements; inside of texts JSON escapes them.
    const line = /[\r\n]/.test(message) ? message.replace(/[\r\n]+/g, " ") : message;
    controller?.enqueue(encoder.encode(`event: message\ndata: ${line}\n\n`));
  };
  return {
    response: new Response(body, { headers: HEADERS }),
    send,
    end(message) {
      if (message !== undefined) send(message);
      const open = controller;
      stop();
      open?.close();
    },
  };
}
