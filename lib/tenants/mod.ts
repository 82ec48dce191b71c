/** Tenants: who owns what. */
export { dataKeyStore } from "./data_keys.ts";
