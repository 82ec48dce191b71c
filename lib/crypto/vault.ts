import type { TenantId } from "../ids.ts";
import { decrypt, encrypt, type MasterKey } from "./master_key.ts";

/** Where wrapped data keys are kept: one row a tenant. */
export interface DataKeyStore {
  /** The tenant's wrapped data key; null where it has none yet. */
  read(tenantId: TenantId): Promise<Uint8Array | null>;
  /** Stores a first data key, or keeps the one that another replica stored; answers what is stored. */
  insert(tenantId: TenantId, wrapped: Uint8Array, masterKeyId: string): Promise<Uint8Array>;
}

/** Where a sealed value lies: a ciphertext opens only in the place for which it was made. */
export interface SealedPlace {
  readonly tenantId: TenantId;
  /** `table.column`. */
  readonly field: string;
  readonly rowId: string;
}

/** Envelope encryption: a data key per tenant, wrapped by the master key. */
export interface Vault {
  seal(place: SealedPlace, text: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Throws where the ciphertext was changed or belongs elsewhere. */
  open(place: SealedPlace, sealed: Uint8Array): Promise<string>;
  /** Drops a tenant's data key from memory. */
  forget(tenantId: TenantId): void;
}

const FORMAT = 1;
const MAX_KEYS = 1000;

// JSON keeps the three parts apart whatever they hold.
const additionalData = (place: SealedPlace) =>
  JSON.stringify([FORMAT, place.tenantId, place.field, place.rowId]);

/** Makes a vault over a master key and a store of wrapped data keys. */
export function createVault(master: MasterKey, store: DataKeyStore): Vault {
  const keys = new Map<TenantId, Promise<Uint8Array>>();

  async function load(tenantId: TenantId): Promise<Uint8Array> {
    const context = `tenant:${tenantId}`;
    let wrapped = await store.read(tenantId);
    if (!wrapped) {
      const fresh = crypto.getRandomValues(new Uint8Array(32));
      wrapped = await store.insert(tenantId, await master.wrap(fresh, context), master.id);
    }
    return master.unwrap(wrapped, context);
  }

  function dataKey(tenantId: TenantId): Promise<Uint8Array> {
    let key = keys.get(tenantId);
    if (!key) {
      if (keys.size >= MAX_KEYS) keys.delete(keys.keys().next().value!);
      key = load(tenantId);
      key.catch(() => keys.delete(tenantId));
      keys.set(tenantId, key);
    }
    return key;
  }

  return {
    async seal(place, text) {
      const key = await dataKey(place.tenantId);
      const body = encrypt(key, new TextEncoder().encode(text), additionalData(place));
      const out = new Uint8Array(1 + body.length);
      out[0] = FORMAT;
      out.set(body, 1);
      return out;
    },
    async open(place, sealed) {
      if (sealed[0] !== FORMAT) throw new Error("unknown format of a sealed value");
      const key = await dataKey(place.tenantId);
      return new TextDecoder().decode(decrypt(key, sealed.subarray(1), additionalData(place)));
    },
    forget: (tenantId) => void keys.delete(tenantId),
  };
}
