/** Hashes, keys and envelope encryption. */
export { equalBytes, hmac, randomSecret, sha256, sha256Hex } from "./hash.ts";
export { decrypt, encrypt, localMasterKey, type MasterKey, readKeyFile } from "./master_key.ts";
export { scramVerifier } from "./scram.ts";
export { createVault, type DataKeyStore, type SealedPlace, type Vault } from "./vault.ts";
