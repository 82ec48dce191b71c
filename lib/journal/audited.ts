import type { AuditAction, AuditEvent } from "../audit/mod.ts";
import type { EndpointId, GrantId, RequestId, TenantId, TokenId, UserId } from "../ids.ts";
import type { WaitingEntry, WaitingNotice } from "./outbox_store.ts";
import type { KnownActors } from "./relay_store.ts";

const ACTIONS: Readonly<Record<WaitingEntry["op"], AuditAction>> = {
  insert: "row.inserted",
  update: "row.updated",
  delete: "row.deleted",
  rules: "rules.changed",
};

const known = <Id extends string>(id: string | null, ids: { has(id: string): boolean }) =>
  id !== null && ids.has(id) ? id as Id : null;

/**
 * A journal entry as the audit log keeps it: who, which row and which columns, and digests in place of
 * what stands in them; a notice as it is. Of whom either names, only the tenant's own stay.
 */
export function auditedEntry(
  endpoint: { readonly id: EndpointId; readonly tenantId: TenantId },
  entry: WaitingEntry | WaitingNotice,
  actors: KnownActors,
): AuditEvent {
  const { actor } = entry;
  const grant = known<GrantId>(actor.grant, actors.apps);
  const common = {
    tenantId: endpoint.tenantId,
    actor: {
      kind: actor.kind,
      userId: known<UserId>(actor.user, actors.users),
      tokenId: known<TokenId>(actor.token, actors.tokens),
      requestId: actor.request as RequestId | null,
      network: actor.network,
      grantId: grant ?? undefined,
    },
    endpointId: endpoint.id,
  };
  if ("notice" in entry) return { ...common, ...entry.notice };
  return {
    ...common,
    action: ACTIONS[entry.op],
    subject: entry.table,
    detail: {
      entry: entry.id,
      change: entry.change,
      at: entry.at,
      tool: actor.tool,
      client: grant && actors.apps.get(grant)!,
      grant,
      key: entry.key,
      columns: entry.columns,
      before: entry.before,
      after: entry.after,
      undoes: entry.undoes,
      // Where the log looks for the table of what is no change of a row.
      ...(entry.op === "rules" ? { table: entry.table } : {}),
    },
  };
}
