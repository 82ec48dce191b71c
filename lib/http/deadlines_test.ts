import assert from "node:assert/strict";
import { Deadlines } from "./deadlines.ts";

Deno.test("Deadlines pass in their order, and not where they were cancelled", async () => {
  const deadlines = new Deadlines(2);
  const passed: string[] = [];
  const end = Promise.withResolvers<void>();
  deadlines.after(20, () => end.resolve());
  deadlines.after(8, () => void passed.push("second"));
  deadlines.after(0, () => void passed.push("first"));
  deadlines.cancel(deadlines.after(2, () => void passed.push("cancelled")));
  await end.promise;
  assert.deepEqual(passed, ["first", "second"]);
});

Deno.test("Deadlines look again after a time in which nothing was waited for", async () => {
  const deadlines = new Deadlines(1);
  let passed = 0;
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve) => void deadlines.after(1, resolve));
    passed++;
  }
  assert.equal(passed, 3);
});
