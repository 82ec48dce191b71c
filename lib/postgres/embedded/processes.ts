import { run } from "./run.ts";

/** A running process. The command is its arguments joined by spaces. */
export interface Process {
  readonly pid: number;
  readonly uid: number;
  readonly command: string;
}

async function fromProc(): Promise<Process[]> {
  const pids = Array.from(Deno.readDirSync("/proc"), (entry) => Number(entry.name));
  const found = await Promise.all(
    pids.filter(Number.isInteger).map(async (pid) => {
      try {
        const [command, info] = await Promise.all([
          Deno.readTextFile(`/proc/${pid}/cmdline`),
          Deno.stat(`/proc/${pid}`),
        ]);
        return [{ pid, uid: info.uid ?? -1, command: command.replaceAll("\0", " ") }];
      } catch {
        return []; // It ended meanwhile.
      }
    }),
  );
  // One that has ended and waits to be collected has no command line.
  return found.flat().filter((process) => process.command);
}

async function fromPs(): Promise<Process[]> {
  const { output } = await run("ps", ["-axww", "-o", "pid=,uid=,command="], null);
  return output.split("\n").flatMap((line) => {
    const [, pid, uid, command] = /^\s*(\d+)\s+(\d+)\s+(.+)$/.exec(line) ?? [];
    return command ? [{ pid: Number(pid), uid: Number(uid), command }] : [];
  });
}

/** The machine's running processes, as far as this user sees them. */
export async function listProcesses(): Promise<Process[]> {
  return Deno.build.os === "linux" ? await fromProc() : await fromPs();
}

/** Sends a signal; that the process has ended already is no error. */
export function signalProcess(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
