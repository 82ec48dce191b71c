import type { OutboundPolicy } from "../http/mod.ts";
import type { UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { Client } from "./client.ts";
import { lookUpClient } from "./client_store.ts";
import { documentUrl, readDocument } from "./document.ts";

/** Tells whether a client is known only by a document elsewhere, which a signed-in person makes us read. */
export function needsDocument(clientId: string, policy: OutboundPolicy): boolean {
  return documentUrl(clientId, policy) !== null;
}

/**
 * Finds the client that asks for authorization; null where there is none of that name.
 *
 * @param asker Who is signed in: documents are not fetched for anybody else.
 * @throws OAuthError where its document cannot be used; AppError RATE_LIMITED.
 */
export async function findClient(
  services: Services,
  clientId: string,
  policy: OutboundPolicy,
  asker: UserId | null,
): Promise<Client | null> {
  const url = documentUrl(clientId, policy);
  if (url) return asker === null ? null : await readDocument(services, url, policy, asker);
  return await lookUpClient(services.control.lookup, clientId);
}
