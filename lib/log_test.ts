import assert from "node:assert/strict";
import { createLog, redact } from "./log.ts";

Deno.test("log lines hold no token and no password, wherever they stand", () => {
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line), () => 0);
  const token = `bhd_pat_${"a1".repeat(18)}`;
  log.error("failed", {
    url: "postgres://owner:hunter2@127.0.0.1:5432/db",
    error: new Error(`refused ${token}`, { cause: new Error("postgres://x:hunter2@h/d") }),
    nested: { list: [token] },
  });
  assert.equal(lines.length, 1);
  assert.ok(!lines[0]!.includes("hunter2"), lines[0]);
  assert.ok(!lines[0]!.includes("a1a1"), lines[0]);
  const line = JSON.parse(lines[0]!);
  assert.equal(line.event, "failed");
  assert.equal(line.at, "1970-01-01T00:00:00.000Z");
  assert.equal(line.error.name, "Error");
});

Deno.test("redact() leaves other text alone", () => {
  assert.equal(redact("postgres://host/db bhd_ token"), "postgres://host/db bhd_ token");
});
