import { hasChromium } from "../browser/browser.ts";
import { newPerson, type Person } from "./person.ts";
import { type Server, startServer } from "./server.ts";

function hasNode(): boolean {
  try {
    return new Deno.Command("node", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const missing = [
  ...(hasChromium() ? [] : ["Chromium"]),
  // What command line clients are made for.
  ...(hasNode() ? [] : ["Node"]),
];

/** Whether something is missing without which clients cannot be tested; it is told what. */
export const cannotRun = missing.length > 0;
if (cannotRun) console.warn(`Clients are not tested here: no ${missing.join(", no ")}.`);

/** A server, and somebody who uses it. */
export interface Stage extends AsyncDisposable {
  readonly server: Server;
  readonly person: Person;
}

/** Sets both up. */
export async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startServer());
  const person = stack.use(await newPerson(server.origin));
  const kept = stack.move();
  return { server, person, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
