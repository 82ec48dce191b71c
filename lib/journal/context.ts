import type { ChangeId } from "../ids.ts";
import type { EndpointScope, Principal } from "../principal.ts";

/** What a change may say of itself besides who makes it. */
export interface ChangeFacts {
  /** The journal entry that it takes back. */
  readonly undoes?: string;
  /** What the caller gave so that a repeated call writes once, and a digest of the call's body. */
  readonly idempotency?: { readonly key: string; readonly digest: string };
}

/**
 * Whose idempotency keys are one set: a connection's, whose tokens change by the hour; a token's; a
 * person's.
 */
export function actorKey(principal: Principal): string {
  return principal.grantId ?? principal.tokenId ?? principal.userId ?? principal.kind;
}

/** Who acts and by what, as the journal keeps it with each entry. */
export function changedBy(scope: EndpointScope, tool: string): Record<string, string | null> {
  const { principal } = scope;
  return {
    kind: principal.kind,
    user: principal.userId,
    token: principal.tokenId,
    grant: principal.grantId ?? null,
    label: principal.label,
    tool,
    request: scope.requestId,
    network: scope.network,
  };
}

/** The setting `bulkhead.change` that a writing transaction carries, as JSON text. */
export function changeContext(
  scope: EndpointScope,
  tool: string,
  change: ChangeId,
  { undoes, idempotency }: ChangeFacts = {},
): string {
  return JSON.stringify({
    change,
    ...(undoes === undefined ? {} : { undoes }),
    ...(idempotency === undefined
      ? {}
      : { key: idempotency.key, digest: idempotency.digest, actor: actorKey(scope.principal) }),
    by: changedBy(scope, tool),
  });
}
