import { CallAbort } from "../call_signal.ts";
import { AppError } from "../errors.ts";
import { checkOrigin, parseJson, preflight } from "../http/mod.ts";
import { readBody, requireContentType, setCorsHeaders } from "../http/mod.ts";
import { newId, type RequestId, type Slug } from "../ids.ts";
import { callContext } from "./call_context.ts";
import { DisconnectWatcher } from "./disconnect_watcher.ts";
import { checkVersionHeader, type Envelope, readEnvelope } from "./envelope.ts";
import { type EventStream, openEventStream } from "./event_stream.ts";
import { checkParamHeaders } from "./header_values.ts";
import type { JsonText, McpHost, McpRequest, McpTarget } from "./host.ts";
import { InFlight } from "./in_flight.ts";
import { Subscriptions } from "./listen.ts";
import { idOf, type RawNotification, type RawRequest, readMessage } from "./message.ts";
import { type Method, METHODS } from "./methods.ts";
import { metadataUrl } from "./protected_resource.ts";
import { errorResponse, jsonResponse, resultText, tellable } from "./respond.ts";
import { errorText, type RpcError, servedStatus } from "./rpc_error.ts";

/** The largest message that is read, in bytes. */
const MAX_BODY = 4 * 1024 * 1024;

const HTTP_METHODS = "POST, OPTIONS";

type Tellable = AppError | RpcError;

/** One message that was let in and read. */
interface Exchange extends McpRequest {
  readonly target: McpTarget;
  readonly message: RawRequest;
  readonly envelope: Envelope;
  readonly method: Method;
}

/** MCP over Streamable HTTP at `/mcp/{slug}`. Holds what is under way, and nothing of any client. */
export class McpServer {
  readonly #watcher = new DisconnectWatcher();
  readonly #inFlight = new InFlight();
  readonly #subscriptions = new Subscriptions();

  constructor(readonly host: McpHost) {}

  /** Ends the open subscriptions, so that the process can stop. */
  close(): void {
    this.#subscriptions.close();
  }

  /** @param peer The address at the other end of the connection; null where there is none. */
  async answer(request: Request, slug: Slug, peer: string | null): Promise<Response> {
    const asked = { request, requestId: newId<RequestId>(), slug, peer, call: new CallAbort() };
    let origin: string | null = null;
    let response: Response;
    try {
      origin = checkOrigin(this.host.policy, request);
      if (request.method === "OPTIONS") return preflight(this.host.policy, request, HTTP_METHODS);
      const watched = this.#watcher.watch(request, asked.call);
      try {
        response = await this.#serve(asked);
      } finally {
        this.#watcher.done(watched);
      }
    } catch (thrown) {
      response = this.#refuse(asked, this.#tellable(asked, thrown));
    }
    // Only then: looking at a response's headers costs its fast way out.
    if (origin !== null) setCorsHeaders(response.headers, origin);
    return response;
  }

  async #serve(asked: McpRequest): Promise<Response> {
    const { request } = asked;
    // Who is nobody learns nothing else, not even that GET is not allowed: clients take another
    // answer than 401 for a server without authorization.
    const entered = await this.host.enter(asked);
    if (request.method !== "POST") {
      const response = this.#refuse(asked, new AppError("METHOD_NOT_ALLOWED"));
      response.headers.set("allow", HTTP_METHODS);
      return response;
    }
    requireContentType(request, "application/json");
    const body = parseJson(await readBody(request, MAX_BODY));
    const target = await entered.afresh?.() ?? entered;
    let message: RawRequest;
    let envelope: Envelope;
    try {
      const read = readMessage(body);
      if (read.kind === "notification") return this.#accept(request, target, read);
      message = read;
      envelope = readEnvelope(message, request.headers);
      if (message.method === "tools/call" && envelope.era === "modern") {
        checkMirrored(request.headers, target, message);
      }
    } catch (thrown) {
      return this.#refuse(asked, this.#tellable(asked, thrown), idOf(body));
    }
    const modern = envelope.era === "modern";
    try {
      if (modern && message.method === "subscriptions/listen") {
        const report = (thrown: unknown) => void this.#tellable(asked, thrown);
        return this.#subscriptions.listen(target, message.params, message.id, report);
      }
      const method = METHODS.get(message.method);
      if (!method?.eras.includes(envelope.era)) throw new AppError("METHOD_NOT_FOUND");
      const exchange = { ...asked, target, message, envelope, method };
      const wantsStream = envelope.progressToken !== undefined ||
        (envelope.logLevel !== undefined && target.logging === true);
      if (wantsStream) return await this.#stream(exchange);
      return jsonResponse(await this.#run(exchange, !modern && message.method === "tools/call"));
    } catch (thrown) {
      const error = this.#tellable(asked, thrown);
      // 404 tells a modern client that the endpoint is there and the method is not; legacy clients
      // read errors from a 200 alone (2026-07-28, Streamable HTTP, protocol version header).
      const status = modern && error.code === "METHOD_NOT_FOUND" ? 404 : servedStatus(error);
      return this.#refuse(asked, error, message.id, status);
    }
  }

  /**
   * Runs a method and answers its response's text.
   *
   * @param cancellable Whether a notification may end it.
   * @param notify Sends a notification on the call's stream; absent where the answer is plain JSON.
   */
  async #run(
    { target, message, envelope, method, call }: Exchange,
    cancellable: boolean,
    notify?: (message: JsonText) => void,
  ): Promise<JsonText> {
    const key = cancellable ? `${target.caller}\0${message.id}` : null;
    if (key !== null) this.#inFlight.add(key, call);
    try {
      const context = callContext(envelope, message.params, call, notify);
      const reply = await method.run(target, message.params, context, envelope.era);
      return resultText(message.id, reply, envelope.era, target.serverInfo);
    } finally {
      if (key !== null) this.#inFlight.remove(key, call);
    }
  }

  /** Answers with an event stream, unless the answer is there before anything else was to be said. */
  async #stream(exchange: Exchange): Promise<Response> {
    const { call, message, requestId } = exchange;
    const opened = Promise.withResolvers<void>();
    let events: EventStream | undefined;
    const answer = this.#run(exchange, true, (notification) => {
      if (call.aborted) return;
      events ??= openEventStream(() => call.abort());
      events.send(notification);
      opened.resolve();
    });
    // Until the stream is open an error still has its own HTTP status.
    await Promise.race([opened.promise, answer]);
    if (!events) return jsonResponse(await answer);
    const { end, response } = events;
    // Nothing more is said of a cancelled request.
    const finish = (text: JsonText) => end(call.aborted ? undefined : text);
    answer.then(
      finish,
      (thrown) => finish(errorText(this.#tellable(exchange, thrown), message.id, requestId)),
    );
    return response;
  }

  /** Takes a notification in. What it cannot mean here is ignored, as the protocol asks. */
  #accept(request: Request, target: McpTarget, { method, params }: RawNotification): Response {
    checkVersionHeader(request.headers);
    if (!method.startsWith("notifications/")) {
      throw new AppError("INVALID_REQUEST", "A request needs an id.");
    }
    if (method === "notifications/cancelled") {
      const id = idOf({ id: params.requestId });
      if (id !== undefined) this.#inFlight.cancel(`${target.caller}\0${id}`);
    }
    return new Response(null, { status: 202 });
  }

  #tellable({ requestId }: McpRequest, thrown: unknown): Tellable {
    return tellable(thrown, this.host.log, requestId);
  }

  #refuse(asked: McpRequest, error: Tellable, id?: JsonText, status?: number): Response {
    const { request, requestId, slug } = asked;
    const challenge = {
      metadataUrl: metadataUrl(this.host.policy.baseUrl, slug),
      presented: request.headers.has("authorization"),
    };
    return errorResponse(error, id, requestId, challenge, status);
  }
}

function checkMirrored(headers: Headers, target: McpTarget, message: RawRequest): void {
  const mirrored = target.paramHeaders?.(String(message.params.name));
  if (mirrored?.length) checkParamHeaders(headers, mirrored, message.params.arguments);
}
