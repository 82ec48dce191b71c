import assert from "node:assert/strict";
import { stopRequests } from "./signals.ts";

Deno.test("stopRequests() takes several signals within two seconds for one wish", () => {
  let now = 5_000;
  const { stop, hurry, signalled } = stopRequests(() => now);
  assert.ok(!stop.aborted);
  for (const at of [0, 5, 400, 2_000]) {
    now = 5_000 + at;
    signalled();
    assert.ok(stop.aborted && !hurry.aborted, `after ${at} ms`);
  }
  now = 7_001;
  signalled();
  assert.ok(hurry.aborted);
});
