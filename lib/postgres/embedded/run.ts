/** The operating-system user that Postgres runs as, where that is not the user of this process. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** What a finished program left: whether it ended well, and what it wrote, both streams together. */
export interface Finished {
  readonly ok: boolean;
  readonly output: string;
}

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

// Besides Postgres itself: who a user is, and, without /proc, which processes run.
const HELPERS = Deno.build.os === "linux" ? ["id"] : ["id", "ps"];

/** Absolute paths of the system's programs that a running server needs. */
export async function helperPrograms(): Promise<string[]> {
  const places = HELPERS.flatMap((name) => PATH.split(":").map((folder) => `${folder}/${name}`));
  const found = await Promise.all(
    places.map((path) => Deno.stat(path).then((info) => info.isFile ? [path] : [], () => [])),
  );
  return found.flat();
}

/**
 * How every program of Postgres is started: in a session of its own, so that Ctrl-C in the terminal
 * reaches this process alone, and with no environment, so that neither LANG nor PG* change anything.
 */
export function isolated(account: Account | null): Deno.CommandOptions {
  return {
    detached: true,
    stdin: "null",
    // The folder in which this process was started may be closed to the other user.
    cwd: "/",
    clearEnv: true,
    env: { LC_ALL: "C", PATH },
    ...(account && { uid: account.uid, gid: account.gid }),
  };
}

/**
 * Runs a program to its end. A program that cannot be started at all counts as failed, and the
 * reason is its output.
 */
export async function run(
  program: string,
  args: readonly string[],
  account: Account | null,
  options: { readonly signal?: AbortSignal | undefined; readonly cwd?: string } = {},
): Promise<Finished> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      ...isolated(account),
      args: [...args],
      stdout: "piped",
      stderr: "piped",
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.signal && { signal: options.signal }),
    }).output();
    const text = new TextDecoder();
    return { ok: success, output: `${text.decode(stdout)}${text.decode(stderr)}`.trim() };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}

/** The lines of a program's output that say why it failed, at most three; else its last lines. */
export function reasonIn(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim());
  const telling = lines.filter((line) => /FATAL|PANIC|error:|could not/.test(line));
  return (telling.length ? telling : lines).slice(-3).join(" ");
}

/** Tells whether a program of Postgres failed for want of disk space. */
export function saysDiskFull(output: string): boolean {
  return /No space left on device|wrote only \d+ of \d+ bytes/.test(output);
}
