import { actorOf, recordEvent } from "../../audit/mod.ts";
import { ensureSchema, SLUGS, withEndpoint } from "../../endpoints/mod.ts";
import { AppError } from "../../errors.ts";
import { fromPostgres, type Sql, type Tx } from "../../postgres/mod.ts";
import type { EndpointScope, EndpointSettings } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { rebuildManifest } from "../manifest/rebuild.ts";
import { busyTable } from "./busy.ts";
import { putWrites } from "./rules_store.ts";
import { lockWrites, updateWrites } from "./settings_store.ts";

type Writes = EndpointSettings["writes"];

async function lock(tx: Tx, scope: EndpointScope): Promise<Writes> {
  const before = await lockWrites(tx, scope.endpoint.id);
  if (before === null) throw new AppError("ACCESS_DENIED");
  return before;
}

async function store(tx: Tx, scope: EndpointScope, before: Writes, writes: Writes) {
  const { id, tenantId, slug } = scope.endpoint;
  if (before === writes) return;
  await updateWrites(tx, id, writes);
  await recordEvent(tx, {
    tenantId,
    action: "writes.changed",
    actor: actorOf(scope),
    endpointId: id,
    subject: slug,
    detail: { before, writes },
  });
}

/** The grants come first: no call is let in that the database would refuse. */
async function turnOn(services: Services, scope: EndpointScope, owner: Sql, writes: Writes) {
  await services.control.tenant(scope.tenantId, async (tx) => {
    const before = await lock(tx, scope);
    await putWrites(owner, true).catch((error) => {
      throw busyTable(error) ?? fromPostgres(error);
    });
    await store(tx, scope, before, writes);
  });
}

/** The setting comes first: no further call is let in while the grants go. */
async function turnOff(services: Services, scope: EndpointScope, owner: Sql) {
  const { tenantId, endpoint: { slug } } = scope;
  await services.control.tenant(tenantId, async (tx) => {
    await store(tx, scope, await lock(tx, scope), "off");
  });
  await services.replicas.forget(SLUGS.name, [slug]);
  await services.control.tenant(tenantId, async (tx) => {
    // Somebody may have turned writing on again in between.
    if (await lock(tx, scope) !== "off") return;
    await putWrites(owner, false).catch((error) => {
      if (!busyTable(error)) throw fromPostgres(error);
      throw new AppError(
        "UNAVAILABLE",
        "No further call changes rows, but a table is in use and its grants stay until this is " +
          "repeated. Turn writing off again in a moment.",
        { cause: error, retryAfter: 5 },
      );
    });
  });
}

/**
 * Says how an endpoint takes writes of agents: not at all, at once, or after a person has looked. In the
 * database's own grants as well as in the settings; with an audit entry, and the tools made anew.
 *
 * @throws AppError ACCESS_DENIED where the endpoint is gone; UNAVAILABLE where a table is busy.
 */
export async function setWrites(
  services: Services,
  scope: EndpointScope,
  writes: Writes,
): Promise<void> {
  await ensureSchema(services, scope);
  // Borrowed before the transaction: to open it may need a control connection of its own.
  await withEndpoint(
    services,
    scope,
    "owner",
    (owner) =>
      writes === "off" ? turnOff(services, scope, owner) : turnOn(services, scope, owner, writes),
  );
  await rebuildManifest(services, scope, "writing changed");
  await services.replicas.forget(SLUGS.name, [scope.endpoint.slug]);
}
