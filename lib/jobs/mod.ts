/** Durable background work. */
export {
  createJobs,
  type EnqueueOptions,
  type JobHandler,
  type JobPayload,
  type Jobs,
  type JobsInput,
  STOPPING,
} from "./jobs.ts";
export { prepareJobs } from "./store.ts";
