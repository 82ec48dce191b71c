import assert from "node:assert/strict";
import { Departures } from "./departures.ts";

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
  return { client, request, seen };
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });

Deno.test("Departures.watch() tells of a client that left before anybody looked", async () => {
  const { client, request } = leavable();
  const { signal, done } = new Departures().watch(request);
  client.abort();
  await aborted(signal);
  done();
});

Deno.test("Departures.watch() tells of a client that leaves a long call", async () => {
  const departures = new Departures();
  const [first, second] = [leavable(), leavable()];
  const watched = [departures.watch(first.request), departures.watch(second.request)];
  first.client.abort();
  await aborted(watched[0]!.signal);
  second.client.abort();
  await aborted(watched[1]!.signal);
  for (const { done } of watched) done();
});

Deno.test("Departures.watch() leaves the signal of a short call alone, and no timer behind", () => {
  const departures = new Departures();
  const { request, seen } = leavable();
  const { signal, done } = departures.watch(request);
  done();
  assert.equal(seen.asked, false);
  assert.equal(signal.aborted, false);
});
