import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { createLimiter } from "./window.ts";

const LIMIT = { name: "sign-in", attempts: 3, windowMs: 60_000 };

Deno.test("limiter refuses past the limit and tells when to come back", () => {
  let now = 0;
  const limiter = createLimiter({ now: () => now });
  for (let i = 0; i < 3; i++) limiter.take(LIMIT, "a");
  now = 20_000;
  assert.throws(() => limiter.take(LIMIT, "a"), (error) => {
    assert.ok(error instanceof AppError && error.code === "RATE_LIMITED");
    assert.equal(error.retryAfter, 40);
    return true;
  });
  limiter.take(LIMIT, "b");
  limiter.take({ ...LIMIT, name: "other" }, "a");
  now = 60_000;
  limiter.take(LIMIT, "a");
});

Deno.test("limiter's check() counts nothing, and clear() forgets", () => {
  const limiter = createLimiter({ now: () => 0 });
  for (let i = 0; i < 5; i++) limiter.check(LIMIT, "a");
  for (let i = 0; i < 3; i++) limiter.take(LIMIT, "a");
  assert.throws(() => limiter.check(LIMIT, "a"), AppError);
  limiter.clear(LIMIT, "a");
  limiter.take(LIMIT, "a");
});
