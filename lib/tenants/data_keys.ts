import type { DataKeyStore } from "../crypto/mod.ts";
import type { Control } from "../postgres/mod.ts";
import { insertDataKey, readDataKey } from "./store.ts";

/** Keeps tenants' wrapped data keys in the control database. */
export function dataKeyStore(control: Control): DataKeyStore {
  return {
    read: (tenantId) => control.tenant(tenantId, (tx) => readDataKey(tx, tenantId)),
    insert: (tenantId, wrapped, masterKeyId) =>
      control.tenant(tenantId, (tx) => insertDataKey(tx, tenantId, wrapped, masterKeyId)),
  };
}
