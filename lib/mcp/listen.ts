import { SubscriptionsListenRequestParamsSchema } from "@modelcontextprotocol/core";
import { CallAbort } from "../call_signal.ts";
import { AppError } from "../errors.ts";
import { openEventStream } from "./event_stream.ts";
import { check } from "./methods.ts";
import { type JsonObject, META } from "./protocol.ts";
import type { Change, JsonText, McpTarget } from "./host.ts";

/** Open subscriptions of one credential; each costs a look-up a second. */
const MAX_PER_OWNER = 16;

/** The members of the filter by what they ask to hear of. */
const FILTER: Readonly<Record<Change, string>> = {
  tools: "toolsListChanged",
  prompts: "promptsListChanged",
  resources: "resourcesListChanged",
};

function honoured(target: McpTarget, params: JsonObject): Set<Change> {
  const { notifications } = check(SubscriptionsListenRequestParamsSchema, params);
  const changes = new Set<Change>();
  if (notifications.toolsListChanged) changes.add("tools");
  if (notifications.promptsListChanged && target.prompts) changes.add("prompts");
  if (notifications.resourcesListChanged && target.resources) changes.add("resources");
  return changes;
}

/** The subscriptions that this process serves (2026-07-28, subscriptions). */
export class Subscriptions {
  readonly #shutdown = new AbortController();
  readonly #open = new Map<string, number>();

  /** Ends every subscription, each with the result that says so. */
  close(): void {
    this.#shutdown.abort();
  }

  /**
   * Answers `subscriptions/listen`: the acknowledgment first, then what changes, until either side
   * ends it.
   *
   * @param report Told how the target's watch failed.
   * @throws METHOD_NOT_FOUND where the target tells of no changes; RATE_LIMITED.
   */
  listen(
    target: McpTarget,
    params: JsonObject,
    id: JsonText,
    report: (thrown: unknown) => void,
  ): Response {
    if (!target.watch) throw new AppError("METHOD_NOT_FOUND");
    const changes = honoured(target, params);
    this.#take(target.owner);

    const ended = new CallAbort();
    const stream = openEventStream(() => ended.abort());
    const meta = `"_meta":{"${META.subscriptionId}":${id}}`;
    const filter = Object.fromEntries([...changes].map((change) => [FILTER[change], true]));
    stream.send(
      `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged",` +
        `"params":{${meta},"notifications":${JSON.stringify(filter)}}}`,
    );

    const shutdown = () => ended.abort();
    this.#shutdown.signal.addEventListener("abort", shutdown);
    if (this.#shutdown.signal.aborted) shutdown();
    const tell = (change: Change) => {
      if (ended.aborted || !changes.has(change)) return;
      stream.send(
        `{"jsonrpc":"2.0","method":"notifications/${change}/list_changed","params":{${meta}}}`,
      );
    };
    // However the watch ends, the subscription does; why is nobody's business who lost access.
    target.watch(tell, ended).catch(report).finally(() => {
      this.#shutdown.signal.removeEventListener("abort", shutdown);
      this.#release(target.owner);
      stream.end(`{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete",${meta}}}`);
    });
    return stream.response;
  }

  #take(owner: string): void {
    const open = this.#open.get(owner) ?? 0;
    if (open >= MAX_PER_OWNER) {
      throw new AppError("RATE_LIMITED", "Too many subscriptions are open with this credential.", {
        retryAfter: 60,
      });
    }
    this.#open.set(owner, open + 1);
  }

  #release(owner: string): void {
    const open = (this.#open.get(owner) ?? 1) - 1;
    if (open > 0) this.#open.set(owner, open);
    else this.#open.delete(owner);
  }
}
