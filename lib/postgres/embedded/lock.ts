import { join } from "node:path";
import { StartupError } from "./startup_error.ts";

/**
 * Takes a folder for this process alone, until the answer is disposed of or the process ends in
 * whatever way: the kernel drops the lock with the file descriptor, so there is nothing to go stale.
 *
 * @throws StartupError naming the folder, where another process has it.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  const path = join(folder, "lock");
  const file = await Deno.open(path, { create: true, read: true, write: true, mode: 0o600 });
  if (!await file.tryLock(true)) {
    file.close();
    const pid = (await Deno.readTextFile(path)).trim();
    throw new StartupError(
      `Another running process${pid && ` (PID ${pid})`} already uses the Postgres data in ` +
        `${folder}. Stop it first, or set BULKHEAD_DATA to another folder.`,
    );
  }
  await file.truncate();
  await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  return { [Symbol.dispose]: () => file.close() };
}
