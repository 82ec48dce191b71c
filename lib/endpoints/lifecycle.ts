import { actorOf, recordEvent, SYSTEM_ACTOR } from "../audit/mod.ts";
import { randomSecret } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { type EndpointId, newId, newSlug, randomName, type Slug, type TenantId } from "../ids.ts";
import type { EndpointScope, EndpointSettings, RequestScope } from "../principal.ts";
import {
  connect,
  type DatabaseNames,
  type DatabaseSpec,
  type DatabaseUrls,
  type Lease,
  type Sql,
} from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { SLUGS } from "./enter.ts";
import {
  claimRemoval,
  deleteRow,
  type EndpointView,
  insertEndpoint,
  markReady,
  releaseClaim,
  type SealedUrls,
  selectAbandoned,
  selectEndpoints,
  selectNames,
  selectUrls,
  updateEndpoint,
} from "./store.ts";

// Longer than making or removing a database takes, even on a busy cluster.
const LEASE_SECONDS = 120;

/** The endpoints that the principal covers. */
export async function listEndpoints(
  services: Services,
  scope: RequestScope,
): Promise<EndpointView[]> {
  const { endpoints } = scope.principal;
  const rows = await services.control.tenant(scope.tenantId, selectEndpoints);
  return endpoints === "all" ? rows : rows.filter((row) => endpoints.has(row.id));
}

function newDatabase(): { spec: DatabaseSpec; names: DatabaseNames } {
  // One random stem for database and roles: it says nothing, yet an operator sees what belongs together.
  const stem = `bh_${randomName(16)}`;
  const login = (kind: string) => ({ role: `${stem}_${kind}`, password: randomSecret() });
  const spec = {
    databaseName: stem,
    owner: login("o"),
    writer: login("w"),
    reader: login("r"),
  };
  const names = {
    databaseName: stem,
    ownerRole: spec.owner.role,
    writerRole: spec.writer.role,
    readerRole: spec.reader.role,
  };
  return { spec, names };
}

async function sealUrls(
  services: Services,
  tenantId: TenantId,
  id: EndpointId,
  urls: DatabaseUrls,
): Promise<SealedUrls> {
  const seal = (role: keyof DatabaseUrls) =>
    services.vault.seal({ tenantId, field: `endpoints.${role}_url`, rowId: id }, urls[role]);
  return { owner: await seal("owner"), writer: await seal("writer"), reader: await seal("reader") };
}

/**
 * Makes an endpoint with a database of its own. The row comes first, as a claim with a lease: whatever
 * breaks off after it is found and removed by the sweeper.
 *
 * @throws AppError PROVISIONING_FAILED; then nothing is left behind, and it may be tried again.
 */
export async function createEndpoint(
  services: Services,
  scope: RequestScope,
  name: string,
): Promise<EndpointScope> {
  const { tenantId } = scope;
  const { provisioner } = services;
  const { spec, names } = newDatabase();
  const endpoint = { id: newId<EndpointId>(), tenantId, slug: newSlug(name), name };
  const urls = await sealUrls(
    services,
    tenantId,
    endpoint.id,
    provisioner.urls(spec),
  );
  await services.control.tenant(
    tenantId,
    (tx) => insertEndpoint(tx, endpoint, names, urls, provisioner.schemaVersion, LEASE_SECONDS),
  );
  try {
    await provisioner.provision(spec);
    await services.control.tenant(tenantId, async (tx) => {
      if (!await markReady(tx, endpoint.id)) throw new Error("the claim on the endpoint lapsed");
      await recordEvent(tx, {
        tenantId,
        action: "endpoint.provisioned",
        actor: actorOf(scope),
        endpointId: endpoint.id,
        subject: endpoint.slug,
      });
    });
  } catch (error) {
    services.log.error("endpoint.failed", { endpoint: endpoint.id, error });
    await undoCreation(services, scope, endpoint, names);
    throw new AppError("PROVISIONING_FAILED", undefined, { cause: error });
  }
  services.caches.of(SLUGS).drop(endpoint.slug);
  return {
    ...scope,
    endpoint: {
      ...endpoint,
      manifestVersion: 0,
      settings: { textFormat: "compact", publicLlmsTxt: false, writes: "off", newTables: "auto" },
    },
  };
}

async function undoCreation(
  services: Services,
  scope: RequestScope,
  endpoint: { id: EndpointId; slug: Slug },
  names: DatabaseNames,
): Promise<void> {
  const { tenantId } = scope;
  try {
    await services.provisioner.remove(names);
    await services.control.tenant(tenantId, async (tx) => {
      await deleteRow(tx, endpoint.id);
      await recordEvent(tx, {
        tenantId,
        action: "endpoint.failed",
        actor: actorOf(scope),
        subject: endpoint.slug,
      });
    });
  } catch (error) {
    // The sweeper tries again; without the release only after the lease.
    services.log.error("endpoint.cleanup_failed", { endpoint: endpoint.id, error });
    await services.control.tenant(tenantId, (tx) => releaseClaim(tx, endpoint.id)).catch(() => {});
  }
}

/** An endpoint of any tenant. */
interface Owned {
  readonly id: EndpointId;
  readonly tenantId: TenantId;
}

/**
 * What must be done with an endpoint's database while it is still there, nobody being let in any more. It
 * may be called again where a removal broke off.
 *
 * @param openOwner Lends the database as its owner.
 */
export type BeforeDrop = (
  services: Services,
  endpoint: Owned,
  openOwner: () => Promise<Lease>,
) => Promise<void>;

/** Removes an endpoint, its database and its roles. Whoever it still serves gets no further answer. */
export async function deleteEndpoint(
  services: Services,
  scope: EndpointScope,
  beforeDrop: BeforeDrop,
): Promise<void> {
  const { id, tenantId, slug } = scope.endpoint;
  const names = await services.control.tenant(
    tenantId,
    (tx) => claimRemoval(tx, id, LEASE_SECONDS),
  );
  await services.replicas.forget(SLUGS.name, [slug]);
  if (!names) throw new AppError("ENDPOINT_NOT_READY");
  try {
    await remove(services, { id, tenantId }, names, beforeDrop);
    await services.control.tenant(tenantId, async (tx) => {
      await deleteRow(tx, id);
      await recordEvent(tx, {
        tenantId,
        action: "endpoint.deleted",
        actor: actorOf(scope),
        endpointId: id,
        subject: slug,
      });
    });
  } catch (error) {
    await services.control.tenant(tenantId, (tx) => releaseClaim(tx, id)).catch(() => {});
    throw error;
  }
  await services.replicas.forget(SLUGS.name, [slug]);
}

async function remove(
  services: Services,
  endpoint: Owned,
  names: DatabaseNames,
  beforeDrop: BeforeDrop,
): Promise<void> {
  const { provisioner, pools } = services;
  const { id } = endpoint;
  if (await provisioner.exists(names)) {
    await beforeDrop(services, endpoint, () => openForRemoval(services, endpoint));
  }
  // Not awaited: a call that is still running holds its loan, and DROP … FORCE ends its session.
  void pools.drop(`${id}/`);
  await provisioner.remove(names);
}

/** The database of an endpoint that nobody enters any more. */
async function openForRemoval(
  { control, pools, vault }: Services,
  endpoint: Owned,
): Promise<Lease> {
  const { id, tenantId } = endpoint;
  return await pools.lease<Sql>(`${id}/removal`, async () => {
    const urls = await control.tenant(tenantId, (tx) => selectUrls(tx, id));
    if (!urls) throw new AppError("ACCESS_DENIED");
    const url = await vault.open({ tenantId, field: "endpoints.owner_url", rowId: id }, urls.owner);
    return connect(url, { max: 1, name: "bulkhead removal" });
  });
}

/** Changes an endpoint's name or settings. */
export async function changeEndpoint(
  services: Services,
  scope: EndpointScope,
  change:
    & { name?: string | undefined }
    & {
      [K in Exclude<keyof EndpointSettings, "writes">]?: EndpointSettings[K] | undefined;
    },
): Promise<void> {
  const { id, tenantId, slug } = scope.endpoint;
  // Without `writes`: what this request knows of it may be a second old.
  const settings: Omit<EndpointSettings, "writes"> = {
    textFormat: change.textFormat ?? scope.endpoint.settings.textFormat,
    publicLlmsTxt: change.publicLlmsTxt ?? scope.endpoint.settings.publicLlmsTxt,
    newTables: change.newTables ?? scope.endpoint.settings.newTables,
  };
  const name = change.name ?? scope.endpoint.name;
  await services.control.tenant(tenantId, async (tx) => {
    await updateEndpoint(tx, id, name, settings);
    await recordEvent(tx, {
      tenantId,
      action: "endpoint.settings_changed",
      actor: actorOf(scope),
      endpointId: id,
      subject: slug,
      detail: { name, ...settings },
    });
  });
  await services.replicas.forget(SLUGS.name, [slug]);
}

/** The login roles that an endpoint's tables are granted to. */
export async function endpointRoles(
  services: Services,
  scope: EndpointScope,
): Promise<{ reader: string; writer: string }> {
  const { id, tenantId } = scope.endpoint;
  const names = await services.control.tenant(tenantId, (tx) => selectNames(tx, id));
  if (!names) throw new AppError("ACCESS_DENIED");
  return { reader: names.readerRole, writer: names.writerRole };
}

/** Removes what killed processes left half made or half removed. Run at start and now and then. */
export async function sweepEndpoints(
  services: Services,
  beforeDrop: BeforeDrop,
): Promise<number> {
  let swept = 0;
  for (const { id, tenantId, status } of await selectAbandoned(services.control.lookup)) {
    try {
      const names = await services.control.tenant(
        tenantId,
        (tx) => claimRemoval(tx, id, LEASE_SECONDS),
      );
      if (!names) continue;
      await remove(services, { id, tenantId }, names, beforeDrop);
      await services.control.tenant(tenantId, async (tx) => {
        await deleteRow(tx, id);
        await recordEvent(tx, {
          tenantId,
          action: status === "deleting" ? "endpoint.deleted" : "endpoint.failed",
          actor: SYSTEM_ACTOR,
          endpointId: id,
        });
      });
      swept++;
    } catch (error) {
      services.log.error("endpoint.sweep_failed", { endpoint: id, error });
    }
  }
  return swept;
}
