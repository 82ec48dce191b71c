/** Durable background work. */
export type { Jobs } from "./jobs.ts";
