import type { EndpointId } from "../../ids.ts";
import type { Tx } from "../../postgres/mod.ts";
import type { EndpointSettings } from "../../principal.ts";

/** Locks an endpoint against any other change, and says how it takes writes; null where it is gone. */
export async function lockWrites(
  tx: Tx,
  id: EndpointId,
): Promise<EndpointSettings["writes"] | null> {
  const [row] = await tx<{ writes: EndpointSettings["writes"] }[]>`
    SELECT coalesce(settings ->> 'writes', 'off') AS writes FROM endpoints WHERE id = ${id} FOR UPDATE`;
  return row?.writes ?? null;
}

/** Stores how an endpoint takes writes. */
export async function updateWrites(
  tx: Tx,
  id: EndpointId,
  writes: EndpointSettings["writes"],
): Promise<void> {
  await tx`
    UPDATE endpoints SET settings = settings || jsonb_build_object('writes', ${writes}::text)
    WHERE id = ${id}`;
}
