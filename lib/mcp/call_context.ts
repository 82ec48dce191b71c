import type { CallSignal } from "../call_signal.ts";
import { AppError } from "../errors.ts";
import type { Envelope } from "./envelope.ts";
import { isObject, type JsonObject, LOG_LEVELS } from "./protocol.ts";
import type { CallContext, JsonText } from "./host.ts";

const NO_RESPONSES: Readonly<Record<string, JsonObject>> = Object.freeze({});
const silent = () => {};

/** Reads `inputResponses` of a retry (2026-07-28, multi round-trip requests). */
function inputResponses(params: JsonObject): Readonly<Record<string, JsonObject>> {
  const responses = params.inputResponses;
  if (responses === undefined) return NO_RESPONSES;
  if (!isObject(responses) || !Object.values(responses).every(isObject)) {
    throw new AppError("INVALID_ARGUMENTS", "inputResponses must be an object of objects.");
  }
  return responses as Readonly<Record<string, JsonObject>>;
}

function requestState(params: JsonObject): string | undefined {
  const state = params.requestState;
  if (state === undefined || typeof state === "string") return state;
  throw new AppError("INVALID_ARGUMENTS", "requestState must be a string.");
}

/**
 * Makes a call's context.
 *
 * @param notify Sends a notification on the call's stream; absent where the answer is plain JSON.
 * @throws INVALID_ARGUMENTS
 */
export function callContext(
  envelope: Envelope,
  params: JsonObject,
  signal: CallSignal,
  notify?: (message: JsonText) => void,
): CallContext {
  const { progressToken, logLevel } = envelope;
  return {
    signal,
    clientCapabilities: envelope.clientCapabilities,
    wantsProgress: notify !== undefined && progressToken !== undefined,
    inputResponses: inputResponses(params),
    requestState: requestState(params),
    progress: notify && progressToken !== undefined
      ? progressSender(progressToken, notify)
      : silent,
    log: notify && logLevel !== undefined
      ? (level, data) => {
        if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(logLevel)) return;
        const params = JSON.stringify({ level, data });
        notify(`{"jsonrpc":"2.0","method":"notifications/message","params":${params}}`);
      }
      : silent,
  };
}

function progressSender(
  token: JsonText,
  notify: (message: JsonText) => void,
): CallContext["progress"] {
  let last = -Infinity;
  return (progress, total, message) => {
    // It must rise with each notification (2026-07-28, progress).
    if (progress <= last) return;
    last = progress;
    const rest = JSON.stringify({ progress, total, message }).slice(1);
    notify(
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},${rest}}`,
    );
  };
}
