import assert from "node:assert/strict";
import { reasonIn, run, saysDiskFull } from "./run.ts";

Deno.test("run() hands nothing of this process's environment on", async () => {
  const { ok, output } = await run("/bin/sh", ["-c", "env; pwd"], null);
  assert.ok(ok);
  const names = output.split("\n").map((line) => line.split("=")[0]).sort();
  assert.deepEqual(names.filter((name) => !["_", "SHLVL", "PWD"].includes(name ?? "")), [
    "/",
    "LC_ALL",
    "PATH",
  ]);
});

Deno.test("run() reports a program that cannot be started as failed", async () => {
  const { ok, output } = await run("/no/such/program", [], null);
  assert.equal(ok, false);
  assert.match(output, /No such file/);
});

Deno.test("reasonIn() picks the lines that say why", () => {
  const output = "creating directory ... ok\nFATAL:  no\nchild process exited\ninitdb: removing\n";
  assert.equal(reasonIn(output), "FATAL:  no");
  assert.equal(reasonIn("a\nb\nc\nd\n"), "b c d");
});

Deno.test("saysDiskFull() knows both forms in which Postgres says so", () => {
  assert.ok(saysDiskFull('could not extend file "base/1/2691": No space left on device'));
  assert.ok(saysDiskFull('could not extend file "base/1/2691": wrote only 4096 of 8192 bytes'));
  assert.equal(saysDiskFull("FATAL:  lock file exists"), false);
});
