import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { countWholeReach, type WholeReach } from "../../lib/tokens/mod.ts";
import { listWaitingTables, type WaitingTable } from "../../lib/tools/mod.ts";

/** Tables that wait to be opened, and who would see them. */
export interface Unopened {
  readonly tables: readonly WaitingTable[];
  readonly whole: WholeReach;
}

/**
 * What waits to be opened in an endpoint; null where its database does not say just now, which keeps no
 * page from being shown.
 */
export async function unopenedIn(
  services: Services,
  scope: EndpointScope,
): Promise<Unopened | null> {
  try {
    const tables = await listWaitingTables(services, scope);
    const whole = await services.control.tenant(
      scope.tenantId,
      (tx) => countWholeReach(tx, scope.endpoint.id),
    );
    return { tables, whole };
  } catch (error) {
    services.log.warn("tables.unlisted", { endpoint: scope.endpoint.id, error });
    return null;
  }
}
