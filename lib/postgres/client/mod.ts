/** A client of our own for the hot reading path: pipelined statements, rows as text. */
export { type ReadStatement, type TextRow } from "./connection.ts";
export { ConnectionLost, ServerFault } from "./faults.ts";
export { ReadPool, type ReadPoolOptions, type RunOptions } from "./read_pool.ts";
export { cancelSession } from "./open.ts";
export { type Target, targetOf } from "./target.ts";
