import assert from "node:assert/strict";
import { echoTarget, MCP_META, mcpHarness } from "../../tests/harness/mcp.ts";
import { AppError } from "../errors.ts";
import type { CallContext, Change, McpTarget } from "./mod.ts";

const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

/** A target that changes when told to, and whose only tool never ends by itself. */
function waiting() {
  const calls: CallContext[] = [];
  const watchers = new Set<{ tell(change: Change): void; end(): void }>();
  const target: McpTarget = {
    ...echoTarget(),
    serverInfo: '{"name":"test","version":"1"}',
    instructions: () => undefined,
    listTools: () => "[]",
    async callTool(_name, _args, context) {
      calls.push(context);
      context.progress(0, 1);
      const cancelled = Promise.withResolvers<never>();
      const refuse = () => cancelled.reject(new AppError("CANCELLED"));
      if (context.signal.aborted) refuse();
      context.signal.addEventListener("abort", refuse);
      return await cancelled.promise;
    },
    prompts: { list: () => "[]", get: () => ({ fields: '"messages":[]' }) },
    async watch(tell, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const watcher = { tell, end: resolve };
      watchers.add(watcher);
      signal.addEventListener("abort", () => resolve());
      await promise;
      watchers.delete(watcher);
    },
  };
  const { server, post } = mcpHarness(target);
  const modern = (method: string, params: object, id: string | number, name?: string) =>
    post({ jsonrpc: "2.0", id, method, params: { _meta: MCP_META, ...params } }, {
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(name ? { "mcp-name": name } : {}),
    });
  return { server, calls, watchers, post, modern };
}

/** Reads a stream message by message. */
function reader(response: Response) {
  const lines = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  return {
    async next(): Promise<Record<string, unknown> | undefined> {
      const { value, done } = await lines.read();
      return done ? undefined : JSON.parse(value.slice(value.indexOf("data: ") + 6));
    },
    cancel: () => lines.cancel(),
  };
}

Deno.test("listen() acknowledges first, then tells of what was asked for alone", async () => {
  const { server, watchers, modern } = waiting();
  const response = await modern("subscriptions/listen", {
    notifications: { promptsListChanged: true, resourcesListChanged: true },
  }, "s1");
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  const stream = reader(response);
  const meta = { [SUBSCRIPTION]: "s1" };
  assert.deepEqual(await stream.next(), {
    jsonrpc: "2.0",
    method: "notifications/subscriptions/acknowledged",
    // Resources are not offered, so not honoured.
    params: { _meta: meta, notifications: { promptsListChanged: true } },
  });
  const [watcher] = watchers;
  watcher!.tell("tools");
  watcher!.tell("prompts");
  assert.deepEqual(await stream.next(), {
    jsonrpc: "2.0",
    method: "notifications/prompts/list_changed",
    params: { _meta: meta },
  });
  // Where the target ends it, for example because the token was revoked, the client is told so.
  watcher!.end();
  assert.deepEqual(await stream.next(), {
    jsonrpc: "2.0",
    id: "s1",
    result: { resultType: "complete", _meta: meta },
  });
  assert.equal(await stream.next(), undefined);
  server.close();
});

Deno.test("listen() ends when the client closes the stream, and when the server stops", async () => {
  const { server, watchers, modern } = waiting();
  const notifications = { toolsListChanged: true };
  const left = reader(await modern("subscriptions/listen", { notifications }, 1));
  await left.next();
  assert.equal(watchers.size, 1);
  await left.cancel();
  await Promise.resolve();
  assert.equal(watchers.size, 0);

  const stopped = reader(await modern("subscriptions/listen", { notifications }, 2));
  await stopped.next();
  server.close();
  const last = await stopped.next();
  assert.equal(last?.id, 2);
  assert.equal(await stopped.next(), undefined);
  assert.equal(watchers.size, 0);
});

Deno.test("listen() bounds how many streams a credential holds open", async () => {
  const { server, modern } = waiting();
  const open = () => modern("subscriptions/listen", { notifications: {} }, 1);
  const streams = await Promise.all(Array.from({ length: 16 }, open));
  const refused = await open();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "60");
  await refused.body!.cancel();
  await streams.pop()!.body!.cancel();
  streams.push(await open());
  assert.equal(streams.at(-1)!.status, 200);
  server.close();
  await Promise.all(streams.map((stream) => stream.body!.cancel()));
});

Deno.test("listen() ends where the target fails, and logs why if it is our fault", async () => {
  for (
    const [thrown, logged] of [[new Error("bug"), 1], [new AppError("ACCESS_DENIED"), 0]] as const
  ) {
    const { modern, log } = mcpHarness(echoTarget({ watch: () => Promise.reject(thrown) }));
    const stream = reader(await modern("subscriptions/listen", { notifications: {} }));
    await stream.next();
    assert.equal((await stream.next())?.id, "a");
    assert.equal(await stream.next(), undefined);
    assert.equal(log.length, logged);
  }
});

Deno.test("answer() cancels a call when the client closes its stream, and says no more", async () => {
  const { calls, modern } = waiting();
  const meta = { ...MCP_META, progressToken: 1 };
  const response = await modern("tools/call", { name: "wait", _meta: meta }, 1, "wait");
  const stream = reader(response);
  await stream.next();
  assert.equal(calls[0]!.signal.aborted, false);
  await stream.cancel();
  assert.equal(calls[0]!.signal.aborted, true);
  calls[0]!.progress(1, 1);
});

Deno.test("answer() cancels a call when the client goes away before its answer", async () => {
  const { calls, post } = waiting();
  for (const version of ["2026-07-28", "2025-11-25"]) {
    const gone = new AbortController();
    const params = { name: "wait", ...(version === "2026-07-28" ? { _meta: MCP_META } : {}) };
    const answer = post(
      { jsonrpc: "2.0", id: 1, method: "tools/call", params },
      { "mcp-protocol-version": version, "mcp-method": "tools/call", "mcp-name": "wait" },
      gone.signal,
    );
    while (calls.length === 0) await Promise.resolve();
    gone.abort();
    await (await answer).body!.cancel();
    assert.equal(calls.pop()!.signal.aborted, true, version);
  }
});

Deno.test("answer() cancels a legacy call by notification, where it can be but one", async () => {
  const { calls, post } = waiting();
  const headers = (token: string) => ({
    "mcp-protocol-version": "2025-11-25",
    authorization: token,
  });
  const call = (token: string) =>
    post(
      { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "wait" } },
      headers(token),
    );
  const cancel = async (token: string, requestId: unknown) => {
    const message = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } };
    assert.equal((await post(message, headers(token))).status, 202);
  };
  const mine = call("mine");
  const others = call("others");
  while (calls.length < 2) await Promise.resolve();
  await cancel("mine", "1");
  await cancel("mine", 2);
  await cancel("nobody", 1);
  assert.deepEqual(calls.map(({ signal }) => signal.aborted), [false, false]);
  await cancel("mine", 1);
  assert.deepEqual(calls.map(({ signal }) => signal.aborted), [true, false]);
  await (await mine).body!.cancel();

  // Two of one credential under one id: which is meant, nobody can tell.
  const again = call("others");
  while (calls.length < 3) await Promise.resolve();
  await cancel("others", 1);
  assert.deepEqual(calls.map(({ signal }) => signal.aborted), [true, false, false]);
  void others.catch(() => {});
  void again.catch(() => {});
});
