import { ConnectionLost, readFields, ServerFault } from "./faults.ts";
import { Frames } from "./frames.ts";
import { Scram } from "./scram.ts";
import { certificatesOf, type Target } from "./target.ts";
import { message } from "./writer.ts";

const PROTOCOL_3 = 196608;
const SSL_REQUEST = 80877103;
const CANCEL_REQUEST = 80877102;
const CONNECT_TIMEOUT_MS = 15_000;
const decoder = new TextDecoder();

/** How a cancel request names a session. */
export interface SessionKey {
  readonly process: number;
  readonly secret: Uint8Array;
}

/** A session that is ready for its first query. */
export interface OpenedSession {
  readonly socket: Deno.Conn;
  readonly frames: Frames;
  readonly key: SessionKey | null;
}

/** Writes all of it: one write may take a part alone. */
export async function writeAll(socket: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}

/** Opens a socket to a target, encrypted as the target wants it. */
export async function openSocket(target: Target): Promise<Deno.Conn> {
  const { host, port, tls } = target;
  const socket = await Deno.connect({ hostname: host, port }).catch((cause) => {
    throw new ConnectionLost("no connection can be made", { cause });
  });
  socket.setNoDelay(true);
  if (tls === "off") return socket;
  try {
    await writeAll(socket, message("", SSL_REQUEST));
    const answer = new Uint8Array(1);
    // Exactly one byte is read: what came with it would be of nobody that has shown who it is.
    if (await socket.read(answer) === null) throw new ConnectionLost("the server hung up");
    if (answer[0] === "S".charCodeAt(0)) {
      return await Deno.startTls(socket, {
        hostname: host,
        caCerts: await certificatesOf(target),
      });
    }
    if (tls === "verified") throw new Error("the server does not encrypt");
    return socket;
  } catch (error) {
    closeQuietly(socket);
    throw error;
  }
}

/**
 * Asks a server to end what a session runs, and waits until it has passed the request on. Does not throw:
 * where nothing can be asked, the statement's own timeout has to end it.
 */
export async function cancelSession(
  target: Target,
  { process, secret }: SessionKey,
): Promise<void> {
  try {
    const socket = await openSocket(target);
    try {
      await writeAll(socket, message("", CANCEL_REQUEST, process, secret));
      await socket.read(new Uint8Array(1));
    } finally {
      closeQuietly(socket);
    }
  } catch {
    // Said above.
  }
}

/** Closes a socket that may be closed already. */
export function closeQuietly(socket: Deno.Conn): void {
  try {
    socket.close();
  } catch {
    // Closed.
  }
}

/**
 * Connects, proves who it is, and waits until the server is ready.
 *
 * @param settings Session settings, sent at the start.
 * @throws ServerFault where the server refuses; ConnectionLost, or what the system says of the socket.
 */
export async function openSession(
  target: Target,
  settings: Readonly<Record<string, string | number>>,
): Promise<OpenedSession> {
  let socket: Deno.Conn | null = null;
  const timer = setTimeout(() => socket && closeQuietly(socket), CONNECT_TIMEOUT_MS);
  try {
    socket = await openSocket(target);
    const start = { user: target.user, database: target.database, client_encoding: "UTF8" };
    const pairs = Object.entries({ ...settings, ...start }).flat().map(String);
    await writeAll(socket, message("", PROTOCOL_3, `${pairs.join("\0")}\0\0`));
    return await new Handshake(socket, target.password).run();
  } catch (error) {
    if (socket) closeQuietly(socket);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What comes before the first query. */
class Handshake {
  readonly #socket: Deno.Conn;
  readonly #scram: Scram;
  readonly #frames = new Frames();
  readonly #waiting: { type: number; body: Uint8Array }[] = [];
  #key: SessionKey | null = null;

  constructor(socket: Deno.Conn, password: string) {
    this.#socket = socket;
    this.#scram = new Scram(password);
  }

  async run(): Promise<OpenedSession> {
    for (;;) {
      const { type, body } = await this.#next();
      const kind = String.fromCharCode(type);
      if (kind === "R") await this.#authenticate(body);
      else if (kind === "K") this.#key = { process: int32(body), secret: body.slice(4) };
      else if (kind === "E") throw new ServerFault(readFields(body));
      else if (kind === "Z") return { socket: this.#socket, frames: this.#frames, key: this.#key };
      else if (kind !== "S" && kind !== "N") throw new ConnectionLost("this is no Postgres");
    }
  }

  async #next(): Promise<{ type: number; body: Uint8Array }> {
    while (this.#waiting.length === 0) {
      const count = await this.#socket.read(this.#frames.room());
      if (count === null) throw new ConnectionLost("the server hung up");
      this.#frames.took(count, {
        frame: (type, frames, start, end) =>
          void this.#waiting.push({ type, body: frames.slice(start, end).slice() }),
      });
    }
    return this.#waiting.shift()!;
  }

  async #authenticate(body: Uint8Array): Promise<void> {
    const rest = body.subarray(4);
    switch (int32(body)) {
      case 0:
        return;
      case 10: {
        if (!decoder.decode(rest).split("\0").includes("SCRAM-SHA-256")) break;
        const first = new TextEncoder().encode(this.#scram.first());
        const answer = message("p", "SCRAM-SHA-256\0", first.length, first);
        return await writeAll(this.#socket, answer);
      }
      case 11: {
        const answer = message("p", await this.#scram.final(decoder.decode(rest)));
        return await writeAll(this.#socket, answer);
      }
      case 12:
        return this.#scram.verify(decoder.decode(rest));
    }
    // Passwords in the clear and MD5 are not sent: whoever answers could keep them.
    throw new Error("the server wants another proof than SCRAM-SHA-256");
  }
}

function int32(body: Uint8Array): number {
  if (body.length < 4) throw new ConnectionLost("a message is too short");
  return new DataView(body.buffer, body.byteOffset).getInt32(0);
}
