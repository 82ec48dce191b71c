import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { callContext } from "./call_context.ts";
import { checkVersionHeader, type Envelope, readEnvelope } from "./envelope.ts";
import { type EventStream, openEventStream } from "./event_stream.ts";
import { checkParamHeaders } from "./header_values.ts";
import { InFlight } from "./in_flight.ts";
import { Subscriptions } from "./listen.ts";
import { idOf, type RawNotification, type RawRequest, readMessage } from "./message.ts";
import { type Method, METHODS } from "./methods.ts";
import { type Challenge, errorResponse, jsonResponse, resultText, tellable } from "./respond.ts";
import { errorText, servedStatus } from "./rpc_error.ts";
import type { JsonText, McpTarget } from "./target.ts";

/** One HTTP request that the border has let in. */
export interface Exchange {
  readonly request: Request;
  /** The body, parsed; whatever JSON it was. */
  readonly body: unknown;
  readonly target: McpTarget;
  readonly requestId: string;
  /** Aborted when the client has gone away before its answer began. */
  readonly signal: AbortSignal;
  readonly challenge: Challenge;
  /** The credential: bounds what it holds open. */
  readonly owner: string;
  /** The credential and from where and on what it is used: tells its calls apart. */
  readonly caller: string;
}

/** Answers MCP messages. Holds what is under way in this process, and nothing of any client. */
export interface Dispatcher {
  answer(exchange: Exchange): Promise<Response>;
  /** Ends the open subscriptions. */
  close(): void;
}

/** Makes a dispatcher. */
export function createDispatcher(log: Log): Dispatcher {
  const inFlight = new InFlight();
  const subscriptions = new Subscriptions();

  async function answer(exchange: Exchange): Promise<Response> {
    const { request, target, requestId, challenge } = exchange;
    let message: RawRequest;
    let envelope: Envelope;
    try {
      const read = readMessage(exchange.body);
      if (read.kind === "notification") return accept(exchange, read);
      message = read;
      envelope = readEnvelope(message, request.headers);
      if (message.method === "tools/call" && envelope.era === "modern") {
        checkMirrored(request.headers, target, message);
      }
    } catch (error) {
      const told = tellable(error, log, requestId);
      return errorResponse(told, idOf(exchange.body), requestId, challenge);
    }
    try {
      if (message.method === "subscriptions/listen" && envelope.era === "modern") {
        const report = (thrown: unknown) => void tellable(thrown, log, requestId);
        return subscriptions.listen(target, message.params, message.id, exchange.owner, report);
      }
      const method = METHODS.get(message.method);
      if (!method?.eras.includes(envelope.era)) throw new AppError("METHOD_NOT_FOUND");
      const wantsStream = envelope.progressToken !== undefined ||
        (envelope.logLevel !== undefined && target.logging === true);
      return await (wantsStream ? stream : plain)(exchange, message, envelope, method);
    } catch (thrown) {
      const error = tellable(thrown, log, requestId);
      // 404 tells a modern client that the endpoint is there and the method is not; legacy clients
      // read errors from a 200 alone (2026-07-28, Streamable HTTP, protocol version header).
      const status = envelope.era === "modern" && error.code === "METHOD_NOT_FOUND"
        ? 404
        : servedStatus(error);
      return errorResponse(error, message.id, requestId, challenge, status);
    }
  }

  /** Answers with one JSON document. */
  async function plain(
    exchange: Exchange,
    message: RawRequest,
    envelope: Envelope,
    method: Method,
  ): Promise<Response> {
    const { target } = exchange;
    const run = async (signal: AbortSignal) => {
      const context = callContext(envelope, message.params, signal);
      const reply = await method.run(target, message.params, context, envelope.era);
      return jsonResponse(resultText(message.id, reply, envelope.era, target.serverInfo));
    };
    if (envelope.era === "modern" || message.method !== "tools/call") {
      return await run(exchange.signal);
    }
    return await cancellable(exchange, message, (call) => run(call.signal));
  }

  /** Answers with an event stream, unless the answer is there before anything else was to be said. */
  async function stream(
    exchange: Exchange,
    message: RawRequest,
    envelope: Envelope,
    method: Method,
  ): Promise<Response> {
    const { target, requestId } = exchange;
    const opened = Promise.withResolvers<void>();
    let events: EventStream | undefined;
    let cancelled: AbortSignal | undefined;

    const answer = cancellable(exchange, message, async (call) => {
      cancelled = call.signal;
      const notify = (notification: JsonText) => {
        if (call.signal.aborted) return;
        events ??= openEventStream(() => call.abort());
        events.send(notification);
        opened.resolve();
      };
      const context = callContext(envelope, message.params, call.signal, notify);
      const reply = await method.run(target, message.params, context, envelope.era);
      return resultText(message.id, reply, envelope.era, target.serverInfo);
    });
    // Until the stream is open an error still has its own HTTP status.
    await Promise.race([opened.promise, answer]);
    if (!events) return jsonResponse(await answer);
    const { end, response } = events;
    // Nothing more is said of a cancelled request.
    const finish = (text: JsonText) => end(cancelled?.aborted ? undefined : text);
    answer.then(
      finish,
      (thrown) => finish(errorText(tellable(thrown, log, requestId), message.id, requestId)),
    );
    return response;
  }

  /** Runs a call that ends when the client goes away or, in the legacy era, says so. */
  async function cancellable<T>(
    exchange: Exchange,
    message: RawRequest,
    run: (call: AbortController) => Promise<T>,
  ): Promise<T> {
    const call = new AbortController();
    const gone = () => call.abort();
    const { signal } = exchange;
    signal.addEventListener("abort", gone);
    const done = inFlight.add(`${exchange.caller}\0${message.id}`, call);
    try {
      return await run(call);
    } finally {
      done();
      signal.removeEventListener("abort", gone);
    }
  }

  /** Takes a notification in. What it cannot mean here is ignored, as the protocol asks. */
  function accept(exchange: Exchange, { method, params }: RawNotification): Response {
    checkVersionHeader(exchange.request.headers);
    if (!method.startsWith("notifications/")) {
      throw new AppError("INVALID_REQUEST", "A request needs an id.");
    }
    if (method === "notifications/cancelled") {
      const id = idOf({ id: params.requestId });
      if (id !== undefined) inFlight.cancel(`${exchange.caller}\0${id}`);
    }
    return new Response(null, { status: 202 });
  }

  return { answer, close: () => subscriptions.close() };
}

function checkMirrored(headers: Headers, target: McpTarget, message: RawRequest): void {
  const mirrored = target.paramHeaders?.(String(message.params.name));
  if (mirrored?.length) checkParamHeaders(headers, mirrored, message.params.arguments);
}
