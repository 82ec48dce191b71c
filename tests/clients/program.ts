import { join } from "node:path";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

// Only so that a client that never asks fails its test and does not hang it.
const WAIT_MS = 60_000;

/** What a program said, once it has ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The machine on which a person runs command line clients: a home of its own, in which they keep their
 * tokens, and a default browser that notes what it is asked to open.
 */
export class Desk implements AsyncDisposable {
  readonly #opened: URL[] = [];
  readonly #waiting: ((url: URL) => void)[] = [];
  readonly #watcher: Deno.FsWatcher;
  readonly #watching: Promise<void>;

  private constructor(readonly home: string) {
    this.#watcher = Deno.watchFs(join(home, "opened"));
    this.#watching = this.#watch();
  }

  /** Sets one up. */
  static async setUp(): Promise<Desk> {
    const home = await Deno.makeTempDir({ prefix: "bulkhead-desk-" });
    await Deno.mkdir(join(home, "opened"));
    // Renamed when it is whole, so that nobody reads half a URL.
    const script =
      `#!/bin/sh\nprintf %s "$1" > "${home}/new.$$"\nmv "${home}/new.$$" "${home}/opened/$$"\n`;
    await Deno.writeTextFile(join(home, "browser"), script, { mode: 0o755 });
    return new Desk(home);
  }

  async #watch(): Promise<void> {
    const seen = new Set<string>();
    for await (const { paths } of this.#watcher) {
      for (const path of paths) {
        if (seen.has(path)) continue;
        seen.add(path);
        const url = new URL(await Deno.readTextFile(path));
        const next = this.#waiting.shift();
        if (next) next(url);
        else this.#opened.push(url);
      }
    }
  }

  /** The next URL that a program opens in the browser; fails where none does. */
  opened(): Promise<URL> {
    const known = this.#opened.shift();
    if (known) return Promise.resolve(known);
    const { promise, resolve, reject } = Promise.withResolvers<URL>();
    const timer = setTimeout(() => reject(new Error("no program opened the browser")), WAIT_MS);
    this.#waiting.push((url) => {
      clearTimeout(timer);
      resolve(url);
    });
    return promise;
  }

  /** How many URLs were opened that nobody has looked at. */
  get unseen(): number {
    return this.#opened.length;
  }

  /** The environment of a program at this desk. */
  get environment(): Record<string, string> {
    return { HOME: this.home, BROWSER: join(this.home, "browser"), NO_COLOR: "1" };
  }

  /** Runs an npm program to its end. */
  async run(
    script: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const { code, stdout, stderr } = await new Deno.Command("node", {
      args: [script, ...args],
      env: { ...this.environment, ...env },
      stdin: "null",
    }).output();
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  }

  async [Symbol.asyncDispose]() {
    this.#watcher.close();
    await this.#watching;
    await Deno.remove(this.home, { recursive: true });
  }
}

/** A port that nobody listens on. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
