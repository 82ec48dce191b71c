import { join } from "node:path";
import { readIfThere, writeWhole } from "./files.ts";

const HOST = "127.0.0.1";

/** Tells whether a port of the loopback address can be listened on. */
export function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: HOST, port }).close();
    return true;
  } catch {
    return false;
  }
}

function anyFree(): number {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** The port of the last start where it is free, else any free one. */
export async function choosePort(home: string): Promise<number> {
  const last = Number(await readIfThere(join(home, "port")) ?? Number.NaN);
  return last > 0 && isFree(last) ? last : anyFree();
}

/** Keeps the port for the next start. */
export async function rememberPort(home: string, port: number): Promise<void> {
  await writeWhole(join(home, "port"), `${port}\n`);
}
