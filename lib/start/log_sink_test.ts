import assert from "node:assert/strict";
import { openLogSink } from "./log_sink.ts";

const config = (dataDir: string, log: "stderr" | "file" | null) => ({ dataDir, log });

Deno.test("openLogSink() writes to a file where a person watches, else where it is told", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bulkhead_log_" });
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  for (
    const [log, watched, file] of [
      [null, true, true],
      [null, false, false],
      ["file", false, true],
      ["stderr", true, false],
    ] as const
  ) {
    const sink = await openLogSink(config(folder, log), watched, say);
    assert.equal(sink.file !== null, file, `${log} ${watched}`);
    sink.write(`${log} ${watched}`);
  }
  assert.deepEqual(said, ["null false", "stderr true"]);
  const path = `${folder}/log/server.log`;
  assert.equal(await Deno.readTextFile(path), "null true\nfile false\n");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("openLogSink() keeps the file below its size, and the one before it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bulkhead_log_" });
  const sink = await openLogSink(config(folder, "file"), false, () => {});
  const line = "x".repeat(1024 * 1024);
  for (let n = 0; n < 25; n++) sink.write(line);
  const size = async (name: string) => (await Deno.stat(`${folder}/log/${name}`)).size;
  assert.ok(await size("server.log") <= 10 * 1024 * 1024);
  assert.ok(await size("server.log.1") <= 10 * 1024 * 1024);
  await Deno.remove(folder, { recursive: true });
});
