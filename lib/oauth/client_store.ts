import type { ClientId, TenantId, UserId } from "../ids.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";
import type { AuthMethod, ClientKind, StoredClient } from "./client.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Finds a client that has not expired, whoever's it is. */
export async function lookUpClient(lookup: Sql, clientId: string): Promise<StoredClient | null> {
  try {
    const [row] = await lookup<{
      id: ClientId;
      client_id: string;
      kind: ClientKind;
      tenant_id: TenantId | null;
      name: string;
      redirect_uris: string[];
      refreshes: boolean;
      auth_method: AuthMethod;
      secret_hash: Uint8Array | null;
    }[]>`SELECT * FROM lookup.oauth_client(${clientId})`;
    return row
      ? {
        id: row.id,
        clientId: row.client_id,
        kind: row.kind,
        tenantId: row.tenant_id,
        name: row.name,
        redirectUris: row.redirect_uris,
        refreshes: row.refreshes,
        authMethod: row.auth_method,
        secretHash: row.secret_hash && new Uint8Array(row.secret_hash),
      }
      : null;
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** What is stored of a new client. */
export interface NewClient {
  readonly id: ClientId;
  readonly clientId: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly refreshes: boolean;
  readonly authMethod: AuthMethod;
  readonly secretHash: Bytes | null;
}

/** Stores a client that registered itself; it expires unless somebody agrees to it. */
export async function insertDynamicClient(
  lookup: Sql,
  client: NewClient,
  lifetimeSeconds: number,
): Promise<void> {
  try {
    await lookup`
      SELECT lookup.register_oauth_client(
        ${client.id}, ${client.clientId}, ${client.name}, ${lookup.json([...client.redirectUris])},
        ${client.refreshes}, ${client.authMethod}, ${client.secretHash},
        make_interval(secs => ${lifetimeSeconds})
      )`;
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** Stores a client that a member of a tenant registered. */
export async function insertManualClient(
  tx: Tx,
  client: NewClient & { tenantId: TenantId; createdBy: UserId | null },
): Promise<void> {
  await tx`
    INSERT INTO oauth_clients (
      id, client_id, kind, tenant_id, name, redirect_uris, refreshes, auth_method, secret_hash,
      created_by
    ) VALUES (
      ${client.id}, ${client.clientId}, 'manual', ${client.tenantId}, ${client.name},
      ${tx.json([...client.redirectUris])}, ${client.refreshes}, ${client.authMethod},
      ${client.secretHash}, ${client.createdBy}
    )`;
}

/** Keeps a client that registered itself, now that somebody agrees; false where it has expired. */
export async function keepDynamicClient(
  tx: Tx,
  id: ClientId,
  lifetimeSeconds: number,
): Promise<boolean> {
  const [row] = await tx<{ id: ClientId | null }[]>`
    SELECT lookup.keep_oauth_client(${id}, make_interval(secs => ${lifetimeSeconds})) AS id`;
  return row?.id != null;
}

/** Keeps a client with a document; answers its row's id, or null where the URL is another kind's. */
export async function keepDocumentClient(
  tx: Tx,
  fresh: ClientId,
  client: { clientId: string; name: string; refreshes: boolean },
  lifetimeSeconds: number,
): Promise<ClientId | null> {
  const [row] = await tx<{ id: ClientId | null }[]>`
    SELECT lookup.keep_oauth_document(
      ${fresh}, ${client.clientId}, ${client.name}, ${client.refreshes},
      make_interval(secs => ${lifetimeSeconds})
    ) AS id`;
  return row?.id ?? null;
}

/** A client of the tenant's own, as its members see it. */
export interface ManualClient {
  readonly id: ClientId;
  readonly clientId: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly confidential: boolean;
  readonly createdAt: Date;
}

/** The clients that the tenant's members registered, newest first. */
export async function selectManualClients(tx: Tx): Promise<ManualClient[]> {
  const rows = await tx<{
    id: ClientId;
    client_id: string;
    name: string;
    redirect_uris: string[];
    confidential: boolean;
    created_at: Date;
  }[]>`
    SELECT id, client_id, name, redirect_uris, secret_hash IS NOT NULL AS confidential, created_at
    FROM oauth_clients WHERE kind = 'manual' ORDER BY id DESC`;
  return rows.map((row) => ({
    id: row.id,
    clientId: row.client_id,
    name: row.name,
    redirectUris: row.redirect_uris,
    confidential: row.confidential,
    createdAt: row.created_at,
  }));
}

/** Deletes a client of the tenant's own and all connections of it; answers its name. */
export async function deleteManualClient(tx: Tx, id: ClientId): Promise<string | null> {
  const [row] = await tx<{ name: string }[]>`
    DELETE FROM oauth_clients WHERE id = ${id} AND kind = 'manual' RETURNING name`;
  return row?.name ?? null;
}
