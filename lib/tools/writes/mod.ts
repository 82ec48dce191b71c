/** The tools that change rows: over the writer's grants, journalled, once under a key. */
export { answerWrite, countsOf, WRITE_OUTPUT } from "./answer.ts";
export { isPassing, toWriteFault } from "./faults.ts";
export type { Outcome } from "./outcome.ts";
export { prepareWrite, WRITE_TOOLS } from "./catalogue.ts";
export { cutValue } from "./first_of.ts";
export { previewJson } from "./queue.ts";
export { applyWrite, insist, tryWrite } from "./run_write.ts";
export type { Write, WriteRequest } from "./write.ts";
