import type { Clock } from "../../lib/clock.ts";
import { randomSecret } from "../../lib/crypto/mod.ts";
import { newId, type TenantId, type UserId } from "../../lib/ids.ts";
import { truncateAddress } from "../../lib/http/mod.ts";
import { createLog } from "../../lib/log.ts";
import { ABILITIES, type Principal, type RequestScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import type { Presented } from "../../lib/tokens/mod.ts";
import { openServices } from "../../lib/start/services.ts";
import { bootstrapParts, createControl, tenantMigrations, type TestControl } from "./cluster.ts";

/** Services over a control database of a test's own. */
export interface TestServices extends AsyncDisposable {
  readonly services: Services;
  readonly control: TestControl;
  /** Every log line so far. */
  readonly logLines: string[];
}

/** Opens services; `await using` drops everything at the end. */
export async function testServices(
  options: { baseUrl?: string; clock?: Clock; control?: TestControl } = {},
): Promise<TestServices> {
  const control = options.control ?? await createControl();
  const { masterKey } = await bootstrapParts();
  const objectsDir = await Deno.makeTempDir({ prefix: "bulkhead_objects_" });
  const logLines: string[] = [];
  const open = await openServices({
    adminUrl: control.adminUrl,
    appUrl: control.appUrl,
    baseUrl: new URL(options.baseUrl ?? "http://127.0.0.1:8000"),
    allowedOrigins: new Set(["https://allowed.example"]),
    trustedProxies: [],
    objectsDir,
    masterKey,
    tenantMigrations: await tenantMigrations(),
    log: createLog((line) => void logLines.push(line)),
    ...(options.clock ? { clock: options.clock } : {}),
  });
  return {
    services: open.services,
    control,
    logLines,
    async [Symbol.asyncDispose]() {
      await open.close();
      if (!options.control) await control.drop();
      await Deno.remove(objectsDir, { recursive: true });
    },
  };
}

/** A tenant with one owner, and a request of that owner from the dashboard. */
export interface TestTenant {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly email: string;
  /** What a signed-in owner's request carries. */
  readonly scope: RequestScope;
}

/** Makes a tenant. */
export async function testTenant(services: Services, name = "Tenant"): Promise<TestTenant> {
  const tenantId = newId<TenantId>();
  const userId = newId<UserId>();
  const email = `${randomSecret(6).toLowerCase()}@tenant.example`;
  await services.control.lookup`
    SELECT lookup.create_account(${userId}, ${email}, NULL, ${tenantId}, ${name})`;
  const principal: Principal = {
    kind: "dashboard",
    tenantId,
    userId,
    tokenId: null,
    label: email,
    scope: "mcp:write",
    abilities: new Set(ABILITIES),
    role: "owner",
    review: false,
    endpoints: "all",
  };
  return { tenantId, userId, email, scope: requestOf(principal) };
}

/** A request of a principal. */
export function requestOf(principal: Principal, signal?: AbortSignal): RequestScope {
  return {
    requestId: newId(),
    principal,
    tenantId: principal.tenantId,
    network: "192.0.2.0/24",
    signal: signal ?? new AbortController().signal,
  };
}

/** A bearer credential as MCP is presented with it, from an address. */
export function presentedFrom(
  authorization: string | null,
  address: string | null = "192.0.2.7",
): Presented {
  const network = address && truncateAddress(address);
  return { requestId: newId(), authorization, address, network, kind: "mcp" };
}
