import type { EndpointId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";

/** Notes that an endpoint of the transaction's tenant may be written to for so long from now. */
export async function upsertWanted(tx: Tx, endpointId: EndpointId, seconds: number): Promise<void> {
  await tx`
    INSERT INTO relays (endpoint_id, tenant_id, wanted_until)
    VALUES (${endpointId}, current_tenant(), now() + make_interval(secs => ${seconds}))
    ON CONFLICT (endpoint_id) DO UPDATE
    SET wanted_until = greatest(relays.wanted_until, excluded.wanted_until)`;
}
