import assert from "node:assert/strict";
import { abortSignalOf, CallAbort } from "./call_signal.ts";

Deno.test("CallAbort tells its listeners once, and those that left not at all", () => {
  const call = new CallAbort();
  const told: string[] = [];
  const left = () => void told.push("left");
  call.addEventListener("abort", left);
  call.addEventListener("abort", () => void told.push("first"));
  call.addEventListener("abort", () => void told.push("second"));
  call.removeEventListener("abort", left);
  call.throwIfAborted();
  assert.equal(call.aborted, false);
  const reason = new Error("gone");
  call.abort(reason);
  call.abort(new Error("again"));
  assert.deepEqual(told, ["first", "second"]);
  assert.equal(call.aborted, true);
  assert.throws(() => call.throwIfAborted(), reason);
  call.addEventListener("abort", left);
  assert.deepEqual(told, ["first", "second"]);
});

Deno.test("abortSignalOf() follows a call, whether it is ended before or after", () => {
  const [before, after] = [new CallAbort(), new CallAbort()];
  before.abort("before");
  const [ended, open] = [abortSignalOf(before), abortSignalOf(after)];
  assert.equal(ended.reason, "before");
  assert.equal(open.aborted, false);
  after.abort("after");
  assert.equal(open.reason, "after");
  assert.equal(abortSignalOf(open), open);
});
