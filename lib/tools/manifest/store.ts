import type { EndpointId, TenantId } from "../../ids.ts";
import type { Tx } from "../../postgres/mod.ts";
import type { ManifestBody } from "./shape.ts";

/** Locks an endpoint against another rebuild; false where there is no such endpoint. */
export async function lockEndpoint(tx: Tx, id: EndpointId): Promise<boolean> {
  return (await tx`SELECT FROM endpoints WHERE id = ${id} FOR UPDATE`).length > 0;
}

/** Stores the next version and makes it the endpoint's; answers its number. */
export async function insertManifest(
  tx: Tx,
  tenantId: TenantId,
  id: EndpointId,
  reason: string,
  body: ManifestBody,
): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    UPDATE endpoints SET manifest_version = manifest_version + 1 WHERE id = ${id}
    RETURNING manifest_version AS version`;
  await tx`
    INSERT INTO manifests (tenant_id, endpoint_id, version, reason, body)
    VALUES (${tenantId}, ${id}, ${row!.version}, ${reason}, ${tx.json(body as never)})`;
  return row!.version;
}

/** The body of one version as it was stored; undefined where there is none. */
export async function selectManifest(tx: Tx, id: EndpointId, version: number): Promise<unknown> {
  const [row] = await tx<{ body: unknown }[]>`
    SELECT body FROM manifests WHERE endpoint_id = ${id} AND version = ${version}`;
  return row?.body;
}
