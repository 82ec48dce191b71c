import type { CallAbort, CallSignal } from "../call_signal.ts";
import type { OriginPolicy } from "../http/mod.ts";
import type { RequestId, Slug } from "../ids.ts";
import type { Log } from "../log.ts";
import type { ParamHeader } from "./header_values.ts";
import type { JsonObject, LogLevel } from "./protocol.ts";

/** JSON text that goes into the answer as it is. */
export type JsonText = string;

/** What a method answers. */
export interface Reply {
  /** The members of the result as JSON text, without braces: `"content":[…]`. */
  readonly fields: JsonText;
  /** The result asks the client for input, instead of being complete (MRTR). */
  readonly inputRequired?: boolean;
}

/** What a call knows of its request, and how it speaks before its answer. */
export interface CallContext {
  /** Aborted when the client gives up. */
  readonly signal: CallSignal;
  /** What the client declared; empty in the legacy era, where nothing is remembered. */
  readonly clientCapabilities: JsonObject;
  /** Whether anybody hears `progress`. */
  readonly wantsProgress: boolean;
  /** Answers to the input that an earlier reply asked for. From the client: trust nothing in it. */
  readonly inputResponses: Readonly<Record<string, JsonObject>>;
  /** The state of an earlier reply, as the client hands it back: trust nothing in it. */
  readonly requestState: string | undefined;
  /** Tells how far the call is. What does not rise is not sent. */
  progress(progress: number, total?: number, message?: string): void;
  /** Sends a log message, where the client wants that severity. */
  log(level: LogLevel, data: unknown): void;
}

/** Something that changed, of which subscribers hear. */
export type Change = "tools" | "prompts" | "resources";

/** Resources of a target. */
export interface McpResources {
  /** JSON array of Resource. */
  list(): JsonText | Promise<JsonText>;
  /** JSON array of ResourceTemplate. */
  templates(): JsonText | Promise<JsonText>;
  /** `"contents":[…]`; throws NOT_FOUND. */
  read(uri: string, context: CallContext): Reply | Promise<Reply>;
}

/** Prompts of a target. */
export interface McpPrompts {
  /** JSON array of Prompt. */
  list(): JsonText | Promise<JsonText>;
  /** `"messages":[…]`; throws INVALID_ARGUMENTS for an unknown one. */
  get(
    name: string,
    args: Readonly<Record<string, string>>,
    context: CallContext,
  ): Reply | Promise<Reply>;
  /** `"completion":{…}` for an argument of a prompt or a resource template. */
  complete?(params: JsonObject): Reply | Promise<Reply>;
}

/**
 * One MCP server, as one principal sees it: what is behind a URL. The server knows the protocol, the
 * target knows the answers. Made anew for each request, so making one must cost nothing.
 */
export interface McpTarget {
  /** The credential; bounds what it holds open. */
  readonly owner: string;
  /** The credential with where and on what it is used; tells its calls apart. */
  readonly caller: string;
  /** JSON of Implementation. */
  readonly serverInfo: JsonText;
  /**
   * The target as its credential has it now that the body has come, which may have taken its time; throws
   * as letting in does. Without it the credential is asked once.
   */
  afresh?(): Promise<McpTarget>;
  /** What a model should know of the server as a whole. */
  instructions(): string | undefined;
  /** JSON array of Tool. */
  listTools(): JsonText | Promise<JsonText>;
  /** `"content":[…]` and what belongs to it; throws UNKNOWN_TOOL, INSUFFICIENT_SCOPE. */
  callTool(name: string, args: JsonObject, context: CallContext): Promise<Reply>;
  /** The parameters of a tool that clients mirror into headers. */
  paramHeaders?(tool: string): readonly ParamHeader[];
  readonly resources?: McpResources;
  readonly prompts?: McpPrompts;
  /** Whether calls send log messages. */
  readonly logging?: boolean;
  /**
   * Tells of changes until the signal aborts; settles where the target itself ends the subscription,
   * for example because the credential was revoked. Without it no change is ever told.
   */
  watch?(tell: (change: Change) => void, signal: CallSignal): Promise<void>;
}

/** A request to MCP, before it is known whose it is. */
export interface McpRequest {
  readonly request: Request;
  readonly requestId: RequestId;
  readonly slug: Slug;
  /** The address at the other end of the connection; null where there is none. */
  readonly peer: string | null;
  /** Ends the call: when the client has gone away, or cancels it. */
  readonly call: CallAbort;
}

/** What a server needs of the house around it. */
export interface McpHost {
  readonly policy: OriginPolicy;
  readonly log: Log;
  /**
   * Lets a request in. Whether the slug exists is told to nobody who is not known.
   *
   * @throws AUTHENTICATION_REQUIRED, ACCESS_DENIED, RATE_LIMITED, …
   */
  enter(request: McpRequest): Promise<McpTarget>;
}
