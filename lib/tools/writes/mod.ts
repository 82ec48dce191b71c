/** The tools that change rows: over the writer's grants, journalled, once under a key. */
export { answerWrite, WRITE_OUTPUT } from "./answer.ts";
export type { Outcome } from "./outcome.ts";
export { prepareWrite, WRITE_TOOLS } from "./catalogue.ts";
export { applyWrite, tryWrite } from "./run_write.ts";
export type { Write, WriteRequest } from "./write.ts";
