import type { EndpointId, Slug, TenantId } from "../ids.ts";
import type { EndpointSettings } from "../principal.ts";
import { type DatabaseNames, fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";

/** What the slug look-up knows, before a tenant is set. */
export interface EndpointRow {
  readonly id: EndpointId;
  readonly tenantId: TenantId;
  readonly slug: Slug;
  readonly name: string;
  readonly status: "provisioning" | "ready" | "deleting";
  readonly manifestVersion: number;
  readonly settings: EndpointSettings;
}

/** What a tenant sees of its endpoint in a list. */
export interface EndpointView extends EndpointRow {
  readonly createdAt: Date;
}

/** The stored, sealed ways into an endpoint's database. */
export interface SealedUrls {
  readonly owner: Uint8Array;
  readonly writer: Uint8Array;
  readonly reader: Uint8Array;
}

interface Raw {
  id: EndpointId;
  tenant_id: TenantId;
  slug: Slug;
  name: string;
  status: EndpointRow["status"];
  manifest_version: number;
  settings: Partial<EndpointSettings>;
}

function parse(row: Raw): EndpointRow {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    slug: row.slug,
    name: row.name,
    status: row.status,
    manifestVersion: row.manifest_version,
    settings: {
      textFormat: row.settings.textFormat ?? "compact",
      publicLlmsTxt: row.settings.publicLlmsTxt ?? false,
      writes: row.settings.writes ?? "off",
      newTables: row.settings.newTables ?? "auto",
    },
  };
}

/** Finds an endpoint of any tenant by its slug; the caller must check whose it is. */
export async function lookUpSlug(lookup: Sql, slug: Slug): Promise<EndpointRow | null> {
  try {
    const [row] = await lookup<Raw[]>`SELECT * FROM lookup.endpoint(${slug})`;
    return row ? parse(row) : null;
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** A tenant's endpoints, oldest first, without those that are being removed. */
export async function selectEndpoints(tx: Tx): Promise<EndpointView[]> {
  const rows = await tx<(Raw & { created_at: Date })[]>`
    SELECT id, tenant_id, slug, name, status, manifest_version, settings, created_at
    FROM endpoints WHERE status <> 'deleting' ORDER BY created_at, id`;
  return rows.map((row) => ({ ...parse(row), createdAt: row.created_at }));
}

/** Claims a name: the half row of an endpoint that is being made. */
export async function insertEndpoint(
  tx: Tx,
  endpoint: Pick<EndpointRow, "id" | "tenantId" | "slug" | "name">,
  names: DatabaseNames,
  urls: SealedUrls,
  schemaVersion: number,
  leaseSeconds: number,
): Promise<void> {
  await tx`
    INSERT INTO endpoints (
      id, tenant_id, slug, name, status, lease_until, cluster_id, database_name,
      owner_role, writer_role, reader_role, owner_url, writer_url, reader_url, schema_version
    )
    SELECT ${endpoint.id}, ${endpoint.tenantId}, ${endpoint.slug}, ${endpoint.name}, 'provisioning',
      now() + make_interval(secs => ${leaseSeconds}), c.id, ${names.databaseName},
      ${names.ownerRole}, ${names.writerRole}, ${names.readerRole},
      ${urls.owner}, ${urls.writer}, ${urls.reader}, ${schemaVersion}
    FROM clusters c WHERE c.name = 'default'`;
}

/** Turns a claim into an endpoint; false where the claim is gone. */
export async function markReady(tx: Tx, id: EndpointId): Promise<boolean> {
  const rows = await tx`
    UPDATE endpoints SET status = 'ready', lease_until = NULL
    WHERE id = ${id} AND status = 'provisioning' RETURNING id`;
  return rows.length > 0;
}

/** Claims an endpoint for removal and answers its names; null where another holds the claim. */
export async function claimRemoval(
  tx: Tx,
  id: EndpointId,
  leaseSeconds: number,
): Promise<DatabaseNames | null> {
  const [row] = await tx<
    { database_name: string; owner_role: string; writer_role: string; reader_role: string }[]
  >`
    UPDATE endpoints
    SET
      -- What was never made stays so called, so that the audit tells the one from the other.
      status = CASE status WHEN 'provisioning' THEN status ELSE 'deleting' END,
      lease_until = now() + make_interval(secs => ${leaseSeconds})
    WHERE id = ${id} AND (status = 'ready' OR coalesce(lease_until, '-infinity') < now())
    RETURNING database_name, owner_role, writer_role, reader_role`;
  return row
    ? {
      databaseName: row.database_name,
      ownerRole: row.owner_role,
      writerRole: row.writer_role,
      readerRole: row.reader_role,
    }
    : null;
}

/** Ends a claim, so that the next sweep takes it up at once. */
export async function releaseClaim(tx: Tx, id: EndpointId): Promise<void> {
  await tx`UPDATE endpoints SET lease_until = NULL WHERE id = ${id} AND status <> 'ready'`;
}

/** Removes an endpoint's row. */
export async function deleteRow(tx: Tx, id: EndpointId): Promise<void> {
  await tx`DELETE FROM endpoints WHERE id = ${id}`;
}

/** The sealed URLs of an endpoint; null where there is none. */
export async function selectUrls(tx: Tx, id: EndpointId): Promise<SealedUrls | null> {
  const [row] = await tx<
    { owner_url: Uint8Array; writer_url: Uint8Array; reader_url: Uint8Array }[]
  >`SELECT owner_url, writer_url, reader_url FROM endpoints WHERE id = ${id}`;
  return row ? { owner: row.owner_url, writer: row.writer_url, reader: row.reader_url } : null;
}

/** The names of an endpoint's database and roles; null where there is no endpoint. */
export async function selectNames(tx: Tx, id: EndpointId): Promise<DatabaseNames | null> {
  const [row] = await tx<DatabaseNames[]>`
    SELECT database_name AS "databaseName", owner_role AS "ownerRole", writer_role AS "writerRole",
      reader_role AS "readerRole"
    FROM endpoints WHERE id = ${id}`;
  return row ?? null;
}

/** How far an endpoint's own database is in its trail; null where there is no endpoint. */
export async function selectSchemaVersion(tx: Tx, id: EndpointId): Promise<number | null> {
  const [row] = await tx<{ version: number }[]>`
    SELECT schema_version AS version FROM endpoints WHERE id = ${id}`;
  return row?.version ?? null;
}

/** Notes how far an endpoint's own database is in its trail. */
export async function updateSchemaVersion(
  tx: Tx,
  id: EndpointId,
  version: number,
): Promise<void> {
  await tx`UPDATE endpoints SET schema_version = ${version} WHERE id = ${id}`;
}

/** An endpoint of any tenant, for work that nobody asked for. */
export interface SystemTarget {
  readonly endpointId: EndpointId;
  readonly tenantId: TenantId;
  readonly slug: Slug;
}

/** Endpoints whose own databases are behind in their trail. */
export async function selectOutdated(lookup: Sql, version: number): Promise<SystemTarget[]> {
  return [
    ...await lookup<SystemTarget[]>`
      SELECT endpoint_id AS "endpointId", tenant_id AS "tenantId", slug
      FROM lookup.outdated_endpoints(${version})`,
  ];
}

/** Changes name and settings; those that are not given stay. */
export async function updateEndpoint(
  tx: Tx,
  id: EndpointId,
  name: string,
  settings: Partial<EndpointSettings>,
): Promise<void> {
  await tx`
    UPDATE endpoints SET name = ${name}, settings = settings || ${tx.json(settings as never)}
    WHERE id = ${id}`;
}

/** An endpoint whose making or removal was broken off. */
export interface Abandoned {
  readonly id: EndpointId;
  readonly tenantId: TenantId;
  readonly status: "provisioning" | "deleting";
}

/** Endpoints whose making or removal was broken off. */
export async function selectAbandoned(lookup: Sql): Promise<Abandoned[]> {
  const rows = await lookup<
    { id: EndpointId; tenant_id: TenantId; status: Abandoned["status"] }[]
  >`SELECT id, tenant_id, status FROM lookup.abandoned_endpoints()`;
  return rows.map((row) => ({ id: row.id, tenantId: row.tenant_id, status: row.status }));
}
