import assert from "node:assert/strict";
import { CallAbort } from "../call_signal.ts";
import { DisconnectWatcher } from "./disconnect_watcher.ts";

/** A request of a client that can leave, and whether anybody asked for its signal. */
function leavable() {
  const client = new AbortController();
  const real = new Request("http://127.0.0.1/", { signal: client.signal });
  const seen = { asked: false };
  const request = new Proxy(real, {
    get(target, key) {
      if (key === "signal") seen.asked = true;
      return Reflect.get(target, key, target);
    },
  });
  return { client, request, seen, call: new CallAbort() };
}

const aborted = (call: CallAbort) =>
  new Promise<boolean>((resolve) => {
    if (call.aborted) resolve(true);
    else call.addEventListener("abort", () => resolve(true));
  });

Deno.test("watch() ends the call of a client that left before anybody looked", async () => {
  const { client, request, call } = leavable();
  const watcher = new DisconnectWatcher();
  const watched = watcher.watch(request, call);
  client.abort();
  assert.equal(call.aborted, false);
  assert.ok(await aborted(call));
  watcher.done(watched);
});

Deno.test("watch() ends a long call whose client leaves, and no other", async () => {
  const watcher = new DisconnectWatcher();
  const [first, second] = [leavable(), leavable()];
  const watched = [first, second].map(({ request, call }) => watcher.watch(request, call));
  first.client.abort();
  assert.ok(await aborted(first.call));
  assert.equal(second.call.aborted, false);
  second.client.abort();
  assert.ok(await aborted(second.call));
  for (const one of watched) watcher.done(one);
});

Deno.test("watch() leaves the signal of a call alone that is done soon", async () => {
  const watcher = new DisconnectWatcher();
  const [short, long] = [leavable(), leavable()];
  const watched = watcher.watch(short.request, short.call);
  watcher.watch(long.request, long.call);
  watcher.done(watched);
  short.client.abort();
  long.client.abort();
  // By then it has looked at all that it watches.
  assert.ok(await aborted(long.call));
  assert.equal(short.seen.asked, false);
  assert.equal(short.call.aborted, false);
});
