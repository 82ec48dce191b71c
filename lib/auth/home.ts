import { type AuditActor, SYSTEM_ACTOR } from "../audit/mod.ts";
import { newId, type TenantId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { Account } from "./account.ts";
import { insertTenant, type StoredAccount } from "./store.ts";

/**
 * Where an account's session starts: in the tenant that they used last. Who was taken out of their last
 * one gets one of their own again.
 */
export async function homeOf(
  services: Services,
  account: StoredAccount,
  actor: AuditActor = SYSTEM_ACTOR,
): Promise<Account> {
  const { userId, tenantId } = account;
  if (tenantId) return { userId, tenantId };
  const home = { userId, tenantId: newId<TenantId>() };
  await insertTenant(services.control, home, account.email, actor);
  return home;
}
