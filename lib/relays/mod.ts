/** Which endpoints' journals wait to be carried into the audit log, told to whoever carries them. */
export { createRelays, type Relays, type WrittenEndpoint } from "./relays.ts";
