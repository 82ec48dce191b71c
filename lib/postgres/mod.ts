/** The driver and everything that speaks SQL to no table of ours: pools, migrations, provisioning. */
export { bootstrap, type BootstrapInput, type BootstrapResult } from "./bootstrap.ts";
export {
  ReadPool,
  type ReadPoolOptions,
  type ReadStatement,
  type RunOptions,
  targetOf,
  type TextRow,
} from "./client/mod.ts";
export {
  connect,
  type ConnectOptions,
  quoteIdent,
  quoteLiteral,
  type Reserved,
  type Sql,
  type Tx,
} from "./connect.ts";
export { type Control, openControl } from "./control.ts";
export { type EmbeddedPostgres, startEmbeddedPostgres, StartupError } from "./embedded/mod.ts";
export { type CopyIn, copyIn } from "./copy.ts";
export { migrate, type Migration, migrationsDigest, readMigrations } from "./migrate.ts";
export { createPools, type Lease, type Pool, type Pools } from "./pools.ts";
export { clusterProvisioner, ROLE_SETTINGS } from "./provision/cluster.ts";
export type {
  DatabaseNames,
  DatabaseSpec,
  DatabaseUrls,
  Login,
  Provisioner,
} from "./provision/provisioner.ts";
export { ensureTemplate } from "./provision/template.ts";
export {
  fromPostgres,
  isConnectionLost,
  type PostgresFault,
  postgresFault,
  sqlState,
  violatedConstraint,
} from "./sqlstate.ts";
