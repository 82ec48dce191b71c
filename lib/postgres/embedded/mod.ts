export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from "./start.ts";
export { type PreparedPostgres, prepareEmbeddedPostgres } from "./prepare.ts";
export { StartupError } from "./startup_error.ts";
