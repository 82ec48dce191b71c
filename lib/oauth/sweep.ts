import type { Services } from "../services.ts";
import { deleteExpired, deleteUnusedClients } from "./authorization_store.ts";

/** Registrations that nobody has agreed to, at most; the newest. */
const UNUSED_CLIENTS = 50_000;

/** Deletes codes, tokens, connections and unused registrations that have expired; run now and then. */
export async function sweepOAuth(services: Services): Promise<void> {
  await deleteExpired(services.control.lookup);
  await deleteUnusedClients(services.control.lookup, UNUSED_CLIENTS);
}
