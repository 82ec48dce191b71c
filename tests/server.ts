/**
 * A throwaway Postgres for development: `deno run -A tests/server.ts`. Prints its superuser URL, runs
 * until SIGINT or SIGTERM, and leaves nothing behind.
 */
import { startEmbeddedPostgres } from "../lib/postgres/embedded/mod.ts";

async function main(): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "bulkhead-server-" });
  // Postgres may have to run as another user, who must get in.
  await Deno.chmod(dataDir, 0o711);
  const asked = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, asked.resolve);
  }
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir,
      say: (line) => console.error(line),
      durable: false,
      maxConnections: 500,
    });
    console.log(`ready ${postgres.superuserUrl}`);
    const keepAlive = setInterval(() => {}, 60_000);
    await Promise.race([asked.promise, postgres.ended]);
    clearInterval(keepAlive);
    await postgres.stop();
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

if (import.meta.main) {
  await main();
  Deno.exit();
}
