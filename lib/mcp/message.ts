import { AppError } from "../errors.ts";
import { isObject, type JsonObject } from "./protocol.ts";

/** A request as it came, before its revision is known. */
export interface RawRequest {
  readonly kind: "request";
  /** JSON text of the id. */
  readonly id: string;
  readonly method: string;
  readonly params: JsonObject;
  readonly meta: JsonObject;
}

/** A notification; nothing answers it. */
export interface RawNotification {
  readonly kind: "notification";
  readonly method: string;
  readonly params: JsonObject;
}

/** One JSON-RPC message from a client. */
export type Message = RawRequest | RawNotification;

const NONE: JsonObject = Object.freeze({});

function invalid(detail: string): AppError {
  return new AppError("INVALID_REQUEST", detail);
}

/** An id must come back as it was sent, so numbers that JavaScript rounds are refused. */
function idText(id: unknown): string {
  if (typeof id === "string") return JSON.stringify(id);
  if (typeof id === "number" && Number.isSafeInteger(id)) return String(id);
  throw invalid("The id must be a string or an integer.");
}

/** JSON text of a message's id, for an answer that refuses the message; undefined where it has none. */
export function idOf(body: unknown): string | undefined {
  try {
    return isObject(body) && Object.hasOwn(body, "id") ? idText(body.id) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads one JSON-RPC message.
 *
 * @throws INVALID_REQUEST for what is none, for batches, and for responses: nothing is ever asked of
 * a client by request, so none can be awaited.
 */
export function readMessage(body: unknown): Message {
  if (Array.isArray(body)) throw invalid("Batches are not supported; send one message a request.");
  if (!isObject(body) || body.jsonrpc !== "2.0") throw invalid("This is no JSON-RPC 2.0 message.");
  const { method, params = NONE } = body;
  if (typeof method !== "string") {
    throw invalid(
      "result" in body || "error" in body
        ? "No request of this server awaits a response."
        : "The method must be a string.",
    );
  }
  const hasId = Object.hasOwn(body, "id");
  if (!isObject(params)) throw invalid("The params must be an object.");
  if (!hasId) return { kind: "notification", method, params };
  const id = idText(body.id);
  const meta = params._meta ?? NONE;
  if (!isObject(meta)) throw new AppError("INVALID_ARGUMENTS", "params._meta must be an object.");
  return { kind: "request", id, method, params, meta };
}
