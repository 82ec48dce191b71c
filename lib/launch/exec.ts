/** What a program starts as. */
export interface Program {
  /** Absolute path. */
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const SIGHUP = 1;
const SIG_IGN = 1n;
// At least as large as struct sigaction anywhere; the handler is its first field.
const SIGACTION_BYTES = 256;

function openLibc() {
  const name = Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6";
  return Deno.dlopen(name, {
    execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
    sigaction: { parameters: ["i32", "pointer", "buffer"], result: "i32" },
  });
}

/** Tells whether this process was started so that the end of its terminal does not end it (`nohup`). */
export function ignoresHangup(): boolean {
  using libc = disposable(openLibc());
  const action = new BigUint64Array(SIGACTION_BYTES / 8);
  return libc.symbols.sigaction(SIGHUP, null, action) === 0 && action[0] === SIG_IGN;
}

function disposable<T extends { close(): void }>(library: T): T & Disposable {
  return Object.assign(library, { [Symbol.dispose]: () => library.close() });
}

/**
 * Becomes another program: the process stays the same one, so that signals, standard streams and the
 * exit code are the program's own and no second process waits for it. The runtime has no call for it.
 *
 * @throws Error where the program could not be started; else it does not return.
 */
export function become(program: Program): never {
  using libc = disposable(openLibc());
  const kept: Uint8Array<ArrayBuffer>[] = [];
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(`${value}\0`);
    kept.push(bytes);
    return bytes;
  };
  const list = (values: readonly string[]) =>
    new BigUint64Array([
      ...values.map((value) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text(value)))),
      0n,
    ]);
  const env = Object.entries(program.env).map(([name, value]) => `${name}=${value}`);
  libc.symbols.execve(text(program.path), list([program.path, ...program.args]), list(env));
  throw new Error(`${program.path} could not be started.`);
}
