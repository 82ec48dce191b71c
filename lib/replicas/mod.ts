/** The processes that serve over one control database. */
export { joinReplicas, type Replicas } from "./replicas.ts";
