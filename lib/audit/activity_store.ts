import type { AnyId, EndpointId, GrantId, Slug, TokenId, UserId } from "../ids.ts";
import type { ActorKind } from "../principal.ts";
import type { Tx } from "../postgres/mod.ts";
import type { StoredReach } from "../table_reach.ts";
import type { AuditAction } from "./events.ts";
import { storableText } from "./storable.ts";

/** One entry as people read it, with the names that things have now. */
export interface ActivityEntry {
  readonly id: AnyId;
  readonly seq: string;
  readonly at: Date;
  readonly action: AuditAction;
  readonly kind: ActorKind;
  readonly userId: UserId | null;
  readonly email: string | null;
  readonly tokenId: TokenId | null;
  readonly tokenName: string | null;
  /** The connection of the app that acted; null also for one that is gone. */
  readonly grantId: GrantId | null;
  /** The app that acted, as it presents itself. */
  readonly appId: string | null;
  readonly appName: string | null;
  readonly tool: string | null;
  readonly table: string | null;
  readonly endpointId: EndpointId | null;
  /** Null also for one that is gone. */
  readonly endpointName: string | null;
  readonly endpointSlug: Slug | null;
  readonly subject: string | null;
  readonly network: string | null;
  readonly requestId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Which entries; what is not said bounds nothing. */
export interface ActivityFilter {
  readonly userId?: UserId | undefined;
  readonly tokenId?: TokenId | undefined;
  /** An app as it presents itself: what it did with its access tokens, and what befell its connections. */
  readonly app?: string | undefined;
  readonly tool?: string | undefined;
  readonly table?: string | undefined;
  readonly endpointId?: EndpointId | undefined;
  readonly action?: AuditAction | undefined;
  readonly since?: Date | undefined;
  /** Not itself included. */
  readonly until?: Date | undefined;
}

/** Which of them: at most `limit`, newest first. */
export interface ActivityPage {
  /** Those older than the entry of this id. */
  readonly after?: AnyId | null | undefined;
  /** Those newer than the entry of this number. */
  readonly newerThan?: bigint | undefined;
  readonly limit: number;
}

/** The connections of an app; with one more that is nobody's, since a list in SQL is never empty. */
async function grantsOf(tx: Tx, app: string): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    SELECT id::text FROM oauth_grants WHERE app_id = ${storableText(app)}`;
  return ["", ...rows.map(({ id }) => id)];
}

/** The condition that a filter says; each part is one that an index answers. */
function conditionOf(tx: Tx, filter: ActivityFilter, grants: readonly string[]) {
  const { userId, tokenId, endpointId, action, since, until } = filter;
  const [app, tool, table] = [filter.app, filter.tool, filter.table].map((text) =>
    text === undefined ? undefined : storableText(text)
  );
  const any = tx``;
  // What is told is indexed by its first 100 characters, and then compared whole.
  const isApp = (value: string) =>
    tx`AND (e.told_grant IN ${tx(grants)} OR e.told_client = left(${value}, 100))
      AND (e.told_grant IN ${tx(grants)} OR e.detail ->> 'client_id' = ${value})`;
  const isTool = (value: string) =>
    tx`AND e.told_tool = left(${value}, 100) AND e.detail ->> 'tool' = ${value}`;
  const isTable = (value: string) =>
    tx`AND e.told_table = left(${value}, 100)
      AND CASE WHEN starts_with(e.action, 'row.') THEN e.subject ELSE e.detail ->> 'table' END = ${value}`;
  return tx`
    ${userId === undefined ? any : tx`AND e.user_id = ${userId}`}
    ${tokenId === undefined ? any : tx`AND e.token_id = ${tokenId}`}
    ${app === undefined ? any : isApp(app)}
    ${tool === undefined ? any : isTool(tool)}
    ${table === undefined ? any : isTable(table)}
    ${endpointId === undefined ? any : tx`AND e.endpoint_id = ${endpointId}`}
    ${action === undefined ? any : tx`AND e.action = ${action}`}
    ${since === undefined ? any : tx`AND e.at >= to_timestamp(${since.getTime() / 1000})`}
    ${until === undefined ? any : tx`AND e.at < to_timestamp(${until.getTime() / 1000})`}`;
}

/** What a credential covers that does not cover everything. */
export interface CoveredActivity {
  readonly endpoints: readonly EndpointId[];
  /** Tables by endpoint, of those endpoints that are not reached whole. */
  readonly tables: Readonly<Record<string, StoredReach>>;
  /** The token itself: what it did is shown to it. */
  readonly own: TokenId | null;
}

/**
 * Entries of the endpoints, and of those that are reached by table what is about a table that is reached,
 * and what the token did itself: the others tell of tables in many ways.
 */
function isCovered(tx: Tx, { endpoints, tables, own }: CoveredActivity) {
  const reached = tx`${tx.json(tables)}::jsonb -> e.endpoint_id::text`;
  return tx`AND e.endpoint_id IN (
      SELECT value::uuid FROM jsonb_array_elements_text(${tx.json(endpoints)})
    ) AND (
      (${reached}) IS NULL
      OR coalesce((${reached}) ? (${tableOf(tx)}), e.token_id = ${own}::uuid, false)
    )`;
}

/** The table that an entry is about. */
const tableOf = (tx: Tx) =>
  tx`CASE WHEN starts_with(e.action, 'row.') THEN e.subject ELSE e.detail ->> 'table' END`;

/** Reads the transaction's tenant's entries, newest first; of some endpoints alone, where they are given. */
export async function selectActivity(
  tx: Tx,
  filter: ActivityFilter,
  coverage: CoveredActivity | null,
  { after, newerThan, limit }: ActivityPage,
): Promise<ActivityEntry[]> {
  const grants = filter.app === undefined ? [] : await grantsOf(tx, filter.app);
  const any = tx``;
  const covered = coverage === null ? any : isCovered(tx, coverage);
  const older = !after
    ? any
    : tx`AND e.seq < (SELECT a.seq FROM audit_events a WHERE a.id = ${after})`;
  const newer = newerThan === undefined ? any : tx`AND e.seq > ${newerThan.toString()}`;
  return [
    ...await tx<ActivityEntry[]>`
      SELECT e.id, e.seq::text AS seq, e.at, e.action, e.actor_kind AS kind, e.user_id AS "userId",
        u.email, e.token_id AS "tokenId", t.name AS "tokenName", g.id AS "grantId",
        g.app_id AS "appId", coalesce(g.app_name, e.detail ->> 'client') AS "appName",
        e.detail ->> 'tool' AS tool,
        ${tableOf(tx)} AS table,
        e.endpoint_id AS "endpointId", p.name AS "endpointName", p.slug AS "endpointSlug", e.subject,
        e.network, e.request_id AS "requestId", e.detail
      FROM audit_events e
      LEFT JOIN users u ON u.id = e.user_id
      LEFT JOIN tokens t ON t.id = e.token_id
      LEFT JOIN endpoints p ON p.id = e.endpoint_id
      LEFT JOIN oauth_grants g ON g.id = CASE
        WHEN e.detail ->> 'grant' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        THEN (e.detail ->> 'grant')::uuid
      END
      WHERE e.seq > coalesce((
        SELECT max(a.seq) FROM audit_anchors a WHERE a.dropped_at IS NOT NULL
      ), 0) ${conditionOf(tx, filter, grants)} ${covered} ${older} ${newer}
      ORDER BY e.seq DESC LIMIT ${limit}`,
  ];
}

/** Who and what entries can be of, by the names that they have now. */
export interface ActivityChoices {
  readonly people: readonly { readonly id: UserId; readonly email: string }[];
  readonly tokens: readonly { readonly id: TokenId; readonly name: string }[];
  readonly apps: readonly { readonly id: string; readonly name: string }[];
}

const MAX_CHOICES = 500;

/** Reads what the transaction's tenant can filter by. Access tokens are named by their apps. */
export async function selectChoices(tx: Tx): Promise<ActivityChoices> {
  return {
    people: await tx<{ id: UserId; email: string }[]>`
      SELECT id, email FROM users ORDER BY email LIMIT ${MAX_CHOICES}`,
    tokens: await tx<{ id: TokenId; name: string }[]>`
      SELECT id, name FROM tokens WHERE kind <> 'oat' ORDER BY created_at DESC LIMIT ${MAX_CHOICES}`,
    apps: await tx<{ id: string; name: string }[]>`
      SELECT app_id AS id, max(app_name) AS name FROM oauth_grants GROUP BY app_id
      ORDER BY max(agreed_at) DESC LIMIT ${MAX_CHOICES}`,
  };
}
