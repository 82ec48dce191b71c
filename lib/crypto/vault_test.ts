import assert from "node:assert/strict";
import { newId, type TenantId } from "../ids.ts";
import { localMasterKey, readKeyFile } from "./master_key.ts";
import { createVault, type DataKeyStore } from "./vault.ts";

function memoryStore(): DataKeyStore & { rows: Map<string, Uint8Array> } {
  const rows = new Map<string, Uint8Array>();
  return {
    rows,
    read: (tenantId) => Promise.resolve(rows.get(tenantId) ?? null),
    insert: (tenantId, wrapped) => {
      if (!rows.has(tenantId)) rows.set(tenantId, wrapped);
      return Promise.resolve(rows.get(tenantId)!);
    },
  };
}

const key = (fill: number) => localMasterKey(new Uint8Array(32).map((_, i) => i * fill));
const tenantId = newId<TenantId>();
const place = { tenantId, field: "endpoints.reader_url", rowId: "row-1" };

Deno.test("vault opens what it sealed, also from another process", async () => {
  const store = memoryStore();
  const master = await key(3);
  const sealed = await createVault(master, store).seal(place, "postgres://…");
  assert.equal(await createVault(master, store).open(place, sealed), "postgres://…");
});

Deno.test("vault binds a ciphertext to tenant, field and row", async () => {
  const vault = createVault(await key(3), memoryStore());
  const sealed = await vault.seal(place, "secret");
  const other = newId<TenantId>();
  await vault.seal({ ...place, tenantId: other }, "makes the other tenant's key");
  for (
    const moved of [
      { ...place, tenantId: other },
      { ...place, field: "endpoints.owner_url" },
      { ...place, rowId: "row-2" },
    ]
  ) await assert.rejects(vault.open(moved, sealed));
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at]! ^= 1;
    await assert.rejects(vault.open(place, changed), `byte ${at} may be changed`);
  }
});

Deno.test("vault gives every tenant a key of its own, wrapped by the master key", async () => {
  const store = memoryStore();
  const sealed = await createVault(await key(3), store).seal(place, "secret");
  await assert.rejects(createVault(await key(5), store).open(place, sealed));
  const wrapped = store.rows.get(tenantId)!;
  await assert.rejects((await key(3)).unwrap(wrapped, `tenant:${newId()}`));
});

Deno.test("vault seals the same text differently each time", async () => {
  const vault = createVault(await key(3), memoryStore());
  assert.notDeepEqual(await vault.seal(place, "a"), await vault.seal(place, "a"));
});

Deno.test("readKeyFile() makes one key however many ask, readable by its owner alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/master.key`;
    const keys = await Promise.all(Array.from({ length: 8 }, () => readKeyFile(path)));
    assert.equal(new Set(keys.map((bytes) => bytes.toHex())).size, 1);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.equal((await Array.fromAsync(Deno.readDir(folder))).length, 1);
    await Deno.writeTextFile(path, "too short");
    await assert.rejects(readKeyFile(path));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
