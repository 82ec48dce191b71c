import { actorOf, recordEvent } from "../../audit/mod.ts";
import { endpointRoles, SLUGS, withEndpoint } from "../../endpoints/mod.ts";
import { AppError } from "../../errors.ts";
import { fromPostgres } from "../../postgres/mod.ts";
import type { EndpointScope } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { introspect } from "./introspect_store.ts";
import { MANIFESTS } from "./load.ts";
import { insertManifest, lockEndpoint } from "./store.ts";

/**
 * Reads the endpoint's schema as its reader sees it and stores it as the next version of the manifest,
 * with an audit entry in the same transaction.
 *
 * @param reason Why, for people: "data loaded", "by hand".
 * @returns The new version. The scope that was passed in still names the old one.
 * @throws AppError ACCESS_DENIED where the endpoint is gone.
 */
export async function rebuildManifest(
  services: Services,
  scope: EndpointScope,
  reason: string,
): Promise<number> {
  const { id, tenantId, slug } = scope.endpoint;
  // Borrowed before the transaction: to open it may need a control connection of its own.
  const { writer } = await endpointRoles(services, scope);
  const version = await withEndpoint(
    services,
    scope,
    "reader",
    (reader) =>
      services.control.tenant(tenantId, async (tx) => {
        // Locked before the schema is read: of two rebuilds at once, the later version is the later read.
        if (!await lockEndpoint(tx, id)) throw new AppError("ACCESS_DENIED");
        const body = await introspect(reader, writer).catch((error) => {
          throw fromPostgres(error);
        });
        const version = await insertManifest(tx, tenantId, id, reason, body);
        await recordEvent(tx, {
          tenantId,
          action: "manifest.rebuilt",
          actor: actorOf(scope),
          endpointId: id,
          subject: slug,
          detail: { version, reason, tables: body.tables.length },
        });
        return version;
      }),
  );
  services.caches.of(SLUGS).drop(slug);
  services.caches.of(MANIFESTS).dropWhere((manifest) =>
    manifest.endpointId === id && manifest.version < version
  );
  return version;
}
