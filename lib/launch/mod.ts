/** From the command line to the serving process: what comes before `main.ts`, and its permissions. */
export { type Arguments, readArguments, USAGE } from "./arguments.ts";
export { become, ignoresHangup } from "./exec.ts";
export { permissionFlags, type Permits } from "./permissions.ts";
export { prepare } from "./prepare.ts";
export { sentenceOf, wordsFor } from "./sentences.ts";
