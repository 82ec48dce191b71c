import { AppError } from "../errors.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import {
  selectNames,
  selectOutdated,
  selectSchemaVersion,
  selectUrls,
  updateSchemaVersion,
} from "./store.ts";
import { enterAsSystem } from "./system.ts";

/**
 * Brings the endpoint's own database up to this release, where it was made by an earlier one. For
 * whatever needs more of it than rows that can be read.
 *
 * @throws AppError ACCESS_DENIED where the endpoint is gone.
 */
export async function ensureSchema(services: Services, scope: EndpointScope): Promise<void> {
  const { id, tenantId } = scope.endpoint;
  const { provisioner } = services;
  const version = await services.control.tenant(tenantId, (tx) => selectSchemaVersion(tx, id));
  if (version === null) throw new AppError("ACCESS_DENIED");
  if (version >= provisioner.schemaVersion) return;
  const [names, urls] = await services.control.tenant(
    tenantId,
    async (tx) => [await selectNames(tx, id), await selectUrls(tx, id)] as const,
  );
  if (!names || !urls) throw new AppError("ACCESS_DENIED");
  const ownerUrl = await services.vault.open(
    { tenantId, field: "endpoints.owner_url", rowId: id },
    urls.owner,
  );
  await provisioner.upgrade(ownerUrl, names);
  await services.control.tenant(
    tenantId,
    (tx) => updateSchemaVersion(tx, id, provisioner.schemaVersion),
  );
}

/** Brings every endpoint of an earlier release up to this one. Run at start and now and then. */
export async function upgradeEndpoints(services: Services): Promise<number> {
  const outdated = await selectOutdated(
    services.control.lookup,
    services.provisioner.schemaVersion,
  );
  let upgraded = 0;
  for (const target of outdated) {
    try {
      await ensureSchema(services, await enterAsSystem(services, target, "upgrade"));
      upgraded++;
    } catch (error) {
      services.log.error("endpoint.upgrade_failed", { endpoint: target.endpointId, error });
    }
  }
  return upgraded;
}
