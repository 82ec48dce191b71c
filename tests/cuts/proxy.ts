/** A proxy before Postgres that cuts a connection at a message of one's choice. */

/** The proxy. */
export interface Proxy extends AsyncDisposable {
  /** The same URL, by way of the proxy. */
  through(url: string): string;
  /**
   * From now on counts the messages that sessions of those names send, and cuts a session in place of
   * passing its message number `at` on.
   */
  arm(names: readonly string[], at: number): void;
  /** Counts no more; answers whether a session was cut, and what its last message was. */
  disarm(): string | null;
}

const decoder = new TextDecoder();

/** Cuts what a client sends into messages: the first has no letter. */
class ClientMessages {
  #rest = new Uint8Array();
  #started = false;

  take(chunk: Uint8Array): { letter: string; bytes: Uint8Array }[] {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    const found: { letter: string; bytes: Uint8Array }[] = [];
    let at = 0;
    for (;;) {
      const head = this.#started ? 1 : 0;
      if (bytes.length - at < head + 4) break;
      const length = new DataView(bytes.buffer, at + head).getUint32(0) + head;
      if (bytes.length - at < length) break;
      found.push({
        letter: this.#started ? String.fromCharCode(bytes[at]!) : "",
        bytes: bytes.slice(at, at + length),
      });
      this.#started = true;
      at += length;
    }
    this.#rest = bytes.slice(at);
    return found;
  }
}

/** Starts a proxy before the Postgres of a URL. */
export function startProxy(url: string): Proxy {
  const { hostname, port } = new URL(url);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  let armed: { names: readonly string[]; left: number } | null = null;
  let cut: string | null = null;

  async function serve(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname, port: Number(port) });
    for (const socket of [client, server]) open.add(socket);
    const end = () => {
      for (const socket of [client, server]) {
        open.delete(socket);
        try {
          socket.close();
        } catch {
          // Closed.
        }
      }
    };
    const messages = new ClientMessages();
    let name = "";
    const back = server.readable.pipeTo(client.writable).catch(() => {});
    try {
      for await (const chunk of client.readable) {
        for (const { letter, bytes } of messages.take(chunk)) {
          if (letter === "") {
            name = /application_name\0([^\0]*)\0/.exec(decoder.decode(bytes))?.[1] ?? "";
          } else if (armed?.names.includes(name) && letter !== "p" && letter !== "X") {
            armed.left--;
            if (armed.left === 0) {
              cut = `${name}: ${letter} ${
                decoder.decode(bytes.slice(5, 80)).replaceAll("\0", " ")
              }`;
              return;
            }
          }
          const writer = server.writable.getWriter();
          await writer.write(bytes);
          writer.releaseLock();
        }
      }
    } catch {
      // One of the two has hung up.
    } finally {
      end();
      await back;
    }
  }

  const accepting = (async () => {
    for await (const client of listener) void serve(client).catch(() => {});
  })();
  return {
    through(text) {
      const out = new URL(text);
      out.hostname = "127.0.0.1";
      out.port = String(listener.addr.port);
      return out.href;
    },
    arm(names, at) {
      cut = null;
      armed = { names, left: at };
    },
    disarm() {
      armed = null;
      return cut;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const socket of open) {
        try {
          socket.close();
        } catch {
          // Closed.
        }
      }
      await accepting;
    },
  };
}
