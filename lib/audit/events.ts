import type { EndpointId, GrantId, RequestId, TenantId, TokenId, UserId } from "../ids.ts";
import type { ActorKind, RequestScope } from "../principal.ts";
import type { Tx } from "../postgres/mod.ts";
import { insertEvents } from "./store.ts";

/** What can happen. A closed list, so that readers can filter by it. */
export const AUDIT_ACTIONS = [
  "account.created",
  "account.verified",
  "account.email_changed",
  "account.password_changed",
  "account.password_reset",
  "factor.added",
  "factor.removed",
  "factor.refused",
  "factor.recovery_codes_created",
  "factor.recovery_code_used",
  "team.created",
  "team.renamed",
  "team.transferred",
  "team.two_factor_changed",
  "member.invited",
  "member.uninvited",
  "member.joined",
  "member.role_changed",
  "member.left",
  "member.removed",
  "session.link_created",
  "session.started",
  "session.confirmed",
  "session.switched",
  "session.reused",
  "session.ended",
  "session.refused",
  "endpoint.provisioned",
  "endpoint.failed",
  "endpoint.deleted",
  "endpoint.settings_changed",
  "data.loaded",
  "data.load_failed",
  "data.load_cancelled",
  "schema.changed",
  "manifest.rebuilt",
  "writes.changed",
  "rules.changed",
  "table.opened",
  "row.inserted",
  "row.updated",
  "row.deleted",
  "change.queued",
  "change.approved",
  "change.rejected",
  "change.undone",
  "token.minted",
  "token.rotated",
  "token.revoked",
  "client.registered",
  "client.removed",
  "grant.created",
  "grant.upgraded",
  "grant.renewed",
  "grant.narrowed",
  "grant.refused",
  "grant.revoked",
  "call.denied",
  "activity.exported",
] as const;

/** One thing that can happen. */
export type AuditAction = typeof AUDIT_ACTIONS[number];

/** Who did it, as far as is known. */
export interface AuditActor {
  readonly kind: ActorKind;
  readonly userId: UserId | null;
  readonly tokenId: TokenId | null;
  /** The connection of the app that acts, where one does. */
  readonly grantId?: GrantId | undefined;
  readonly requestId: RequestId | null;
  readonly network: string | null;
}

/** One entry of the audit log. `detail` never holds a tenant's row data or a secret. */
export interface AuditEvent {
  readonly tenantId: TenantId;
  readonly action: AuditAction;
  readonly actor: AuditActor;
  readonly endpointId?: EndpointId | null;
  /** What it was done to, for people: a name, a slug. */
  readonly subject?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The actor of work that no person asked for: sweeping, jobs resumed at start. */
export const SYSTEM_ACTOR: AuditActor = {
  kind: "system",
  userId: null,
  tokenId: null,
  requestId: null,
  network: null,
};

/** The actor of a request. */
export function actorOf(scope: Omit<RequestScope, "signal">): AuditActor {
  return {
    kind: scope.principal.kind,
    userId: scope.principal.userId,
    tokenId: scope.principal.tokenId,
    grantId: scope.principal.grantId,
    requestId: scope.requestId,
    network: scope.network,
  };
}

/**
 * Writes an entry in the transaction of the act itself: both are kept, or neither. An app's is named in
 * `detail.grant`, since access tokens come and go by the hour.
 */
export async function recordEvent(tx: Tx, event: AuditEvent): Promise<void> {
  await recordEvents(tx, [event]);
}

/** Writes several entries at once, which stand in the log in this order. */
export async function recordEvents(tx: Tx, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  await insertEvents(
    tx,
    events.map((event) => {
      const { grantId } = event.actor;
      return grantId ? { ...event, detail: { grant: grantId, ...event.detail } } : event;
    }),
  );
}
