import type { Services } from "../services.ts";
import { deleteExpired } from "./authorization_store.ts";

/** Deletes codes, tokens, connections and unused registrations that have expired; run now and then. */
export async function sweepOAuth(services: Services): Promise<void> {
  await deleteExpired(services.control.lookup);
}
