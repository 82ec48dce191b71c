import { randomName } from "../lib/ids.ts";
import type { Database } from "./product.ts";

// The floor's driver is of the tests, since the product does without it.
const TESTS = new URL("../tests/deno.json", import.meta.url).pathname;

/** The floor's process. */
export interface Floor extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
}

/** Starts the floor on a database, as a role that may read its tables. */
export async function startFloor(database: Database, name: string): Promise<Floor> {
  const role = `bench_${randomName(10)}`;
  const admin = database.open(name);
  await admin.unsafe(
    `CREATE ROLE ${role} LOGIN PASSWORD '${role}';
     GRANT CONNECT ON DATABASE ${name} TO ${role};
     GRANT USAGE ON SCHEMA public TO ${role};
     GRANT SELECT ON orders TO ${role}`,
  );
  await admin.end();
  const url = new URL(database.url(name));
  url.username = url.password = role;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", TESTS, new URL("floor.ts", import.meta.url).pathname, url.href],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const port = /^ready (\d+)/.exec(value)?.[1];
  if (!port) throw new Error("the floor did not start");
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
    },
  };
}
