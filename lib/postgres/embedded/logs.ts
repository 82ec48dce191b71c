import { join } from "node:path";

const SIX_DAYS_MS = 6 * 24 * 60 * 60 * 1000;
const TEN_MB = 10 * 1024 * 1024;

/**
 * Removes log files that a running server would have overwritten, or that have grown large. Postgres
 * truncates a weekday's file only when it is running at midnight.
 */
export async function removeOldLogs(cluster: string): Promise<void> {
  const folder = join(cluster, "log");
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      const { mtime, size } = await Deno.stat(path);
      const age = Date.now() - (mtime?.getTime() ?? 0);
      if (age > SIX_DAYS_MS || size > TEN_MB) await Deno.remove(path);
    }
  } catch (error) {
    // Before the first start there is no such folder.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
