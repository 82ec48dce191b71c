import type { TenantId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";

/** A tenant's wrapped data key; null where it has none yet. */
export async function readDataKey(tx: Tx, tenantId: TenantId): Promise<Uint8Array | null> {
  const [row] = await tx<{ wrapped: Uint8Array }[]>`
    SELECT wrapped FROM tenant_keys WHERE tenant_id = ${tenantId}`;
  return row?.wrapped ?? null;
}

/** Stores a first data key, or keeps the one that is there; answers what is stored. */
export async function insertDataKey(
  tx: Tx,
  tenantId: TenantId,
  wrapped: Uint8Array,
  masterKeyId: string,
): Promise<Uint8Array> {
  await tx`
    INSERT INTO tenant_keys (tenant_id, master_key_id, wrapped)
    VALUES (${tenantId}, ${masterKeyId}, ${wrapped})
    ON CONFLICT DO NOTHING`;
  return (await readDataKey(tx, tenantId))!;
}
