import { CHECKOUT, startEnvironment } from "./server.ts";

/** Why there can be no terminal here; null where there can. */
export const noTerminal: string | null = Deno.build.os !== "linux"
  ? "script(1) of util-linux opens the terminal"
  : await new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" })
      .output().then(({ success }) => success, () => false)
  ? null
  : "there is no script(1), of util-linux";

/** A terminal in which a command runs. */
export interface Terminal extends AsyncDisposable {
  /** Everything that was shown so far. */
  shown(): string;
  /** Waits until something is shown. */
  until(pattern: RegExp): Promise<void>;
  /** Presses keys; \x03 is Ctrl-C. */
  type(keys: string): Promise<void>;
  /** Closes the window. */
  close(): Promise<void>;
  /** The command's exit code. */
  readonly ended: Promise<number>;
}

/** Opens a terminal of its own and types `deno task start …` in it. */
export function openTerminal(
  data: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Terminal {
  // In place of the shell, which would answer Ctrl-C with an exit code of its own.
  const quoted = `exec ${["deno", "task", "start", ...args].map((arg) => `'${arg}'`).join(" ")}`;
  const window = new Deno.Command("script", {
    args: ["--quiet", "--return", "--flush", "--command", quoted, "/dev/null"],
    cwd: CHECKOUT,
    clearEnv: true,
    env: { ...startEnvironment(data, env), SHELL: "/bin/sh", TERM: "xterm" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keys = window.stdin.getWriter();
  let shown = "";
  let changed = Promise.withResolvers<void>();
  const reading = window.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(text) {
        shown += text;
        changed.resolve();
        changed = Promise.withResolvers();
      },
    }),
  ).then(() => changed.resolve());
  let open = true;
  const ended = window.status.then(async ({ code }) => {
    await reading;
    open = false;
    changed.resolve();
    return code;
  });
  const close = async () => {
    if (open) window.kill("SIGKILL");
    await ended;
    await keys.close().catch(() => {});
  };
  return {
    ended,
    close,
    shown: () => shown,
    async until(pattern) {
      while (!pattern.test(shown)) {
        if (!open) throw new Error(`it ended and had not shown ${pattern}:\n${shown}`);
        await changed.promise;
      }
    },
    type: (text) => keys.write(new TextEncoder().encode(text)),
    [Symbol.asyncDispose]: close,
  };
}
