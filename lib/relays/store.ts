import type { EndpointId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";

/**
 * Notes that an endpoint of the transaction's tenant may be written to for so long from now. Locks it
 * against being claimed for removal: whoever claims it sees the note, or the note finds it claimed.
 *
 * @returns False where the endpoint is gone or going, and nothing was noted.
 */
export async function upsertWanted(
  tx: Tx,
  endpointId: EndpointId,
  seconds: number,
): Promise<boolean> {
  const noted = await tx`
    INSERT INTO relays (endpoint_id, tenant_id, wanted_until)
    SELECT id, tenant_id, now() + make_interval(secs => ${seconds}) FROM endpoints
    WHERE id = ${endpointId} AND status = 'ready' FOR SHARE
    ON CONFLICT (endpoint_id) DO UPDATE
    SET wanted_until = greatest(relays.wanted_until, excluded.wanted_until)
    RETURNING true`;
  return noted.length > 0;
}
