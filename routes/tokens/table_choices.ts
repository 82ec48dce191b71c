import { enterEndpoint, listEndpoints } from "../../lib/endpoints/mod.ts";
import type { RequestScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { loadManifest } from "../../lib/tools/mod.ts";
import type { TableChoices } from "../../lib/web/mod.ts";

// Each is a manifest; a team with more chooses tables over `/v1`.
const OFFERED = 100;

/** The tables that can be chosen of each of the endpoints that a person may let somebody into. */
export async function tableChoices(
  services: Services,
  scope: RequestScope,
): Promise<TableChoices[]> {
  const ready = (await listEndpoints(services, scope)).filter(({ status }) => status === "ready");
  const choices = await Promise.all(
    ready.slice(0, OFFERED).map(async ({ id, slug, name }) => {
      // One that was removed a moment ago has none.
      const entered = await enterEndpoint(services, scope, slug).catch(() => null);
      const manifest = entered && await loadManifest(services, entered);
      return { id, slug, name, tables: [...manifest?.tables.keys() ?? []] };
    }),
  );
  return choices.filter(({ tables }) => tables.length > 0);
}
