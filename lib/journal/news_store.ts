import type { EndpointId, Slug, TenantId, UserId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";

/** A team whose approvers are to be told that changes wait. */
export interface DueNews {
  readonly tenantId: TenantId;
  /** Up to which change: a bigint as text. */
  readonly news: string;
}

/** Notes that there is something to tell, in the transaction that says so in the activity log. */
export async function upsertNews(tx: Tx, tenantId: TenantId): Promise<void> {
  await tx`
    INSERT INTO review_news AS r (tenant_id, since) VALUES (${tenantId}, now())
    ON CONFLICT (tenant_id) DO UPDATE SET since = coalesce(r.since, now()), news = r.news + 1`;
}

/**
 * The teams that are to be told.
 *
 * @param settleSeconds How long the first news waits for more.
 * @param quietSeconds How long after one mail there is no other.
 */
export async function selectDueNews(
  { lookup }: Control,
  settleSeconds: number,
  quietSeconds: number,
): Promise<DueNews[]> {
  return [
    ...await lookup<DueNews[]>`
      SELECT tenant_id AS "tenantId", news::text FROM lookup.due_review_news(
        make_interval(secs => ${settleSeconds}), make_interval(secs => ${quietSeconds})
      )`,
  ];
}

/**
 * Takes it on to tell of what was news: true for one caller of all processes, and for none where more has
 * been queued since, of which then another round tells.
 *
 * @param tells Whether anybody is told: if not, the next news need not wait.
 */
export async function takeNews(
  tx: Tx,
  { tenantId, news }: DueNews,
  tells: boolean,
): Promise<boolean> {
  const rows = await tx`
    UPDATE review_news SET since = NULL, told_at = CASE WHEN ${tells} THEN now() ELSE told_at END
    WHERE tenant_id = ${tenantId} AND news = ${news}::bigint AND since IS NOT NULL RETURNING true`;
  return rows.length > 0;
}

/** An endpoint of the transaction's team that may hold changes that wait. */
export interface ReadyEndpoint {
  readonly endpointId: EndpointId;
  readonly slug: Slug;
  readonly name: string;
}

/** The endpoints of the transaction's team that can be asked. */
export async function selectReady(tx: Tx): Promise<ReadyEndpoint[]> {
  return [
    ...await tx<ReadyEndpoint[]>`
      SELECT id AS "endpointId", slug, name FROM endpoints WHERE status = 'ready' ORDER BY created_at`,
  ];
}

/** A member whom mail reaches. */
export interface MailedMember {
  readonly userId: UserId;
  readonly email: string;
  readonly role: string;
  readonly teamName: string;
}

/** Members of the transaction's team whose address is proved and who want these mails. */
export async function selectMailed(tx: Tx): Promise<MailedMember[]> {
  return [
    ...await tx<MailedMember[]>`
      SELECT m.user_id AS "userId", u.email, m.role, t.name AS "teamName"
      FROM members m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id
      WHERE m.review_mail AND u.email_verified_at IS NOT NULL ORDER BY m.created_at, m.user_id`,
  ];
}

/** Whether a member wants to be told. */
export async function selectWantsMail(tx: Tx, userId: UserId): Promise<boolean> {
  const [row] = await tx<{ wants: boolean }[]>`
    SELECT review_mail AS wants FROM members WHERE user_id = ${userId}`;
  return row?.wants ?? false;
}

/** Keeps whether a member wants to be told. */
export async function updateWantsMail(tx: Tx, userId: UserId, wants: boolean): Promise<void> {
  await tx`UPDATE members SET review_mail = ${wants} WHERE user_id = ${userId}`;
}
