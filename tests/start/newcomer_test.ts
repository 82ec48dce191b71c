/** What people meet first: the same file twice, a file that changed, and faults in words. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { dataFolder, start, startAndEnd, type Started } from "./server.ts";
import { noTerminal, openTerminal } from "./terminal.ts";

// Codes of systems, traces, names of classes: none of them is a sentence.
const RAW =
  /\bE[A-Z]{5,}\b|os error|\bat (async )?file:|\.ts:\d|\b\w+Error:|NotFound|too_big|\b[0-9]{2}[0-9A-Z]{3}\b:/;

async function status(server: Started, token: string): Promise<number> {
  const response = await fetch(server.line.mcp_url!, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "count_rows", arguments: { table: "fruit" } },
    }),
  });
  await response.body?.cancel();
  return response.status;
}

Deno.test("starting with the same file again keeps endpoint and token, and creates one if asked", async () => {
  await using data = await dataFolder();
  const file = join(data.path, "fruit.csv");
  await Deno.writeTextFile(file, "id,name\n1,apple\n2,pear\n");
  const first = await start(data.path, [file]);
  const { token } = first.line;
  assert.ok(token);
  assert.equal(await status(first, token), 200);
  await first.stop();

  const again = await start(data.path, [file]);
  assert.equal(again.line.token, null);
  assert.equal(new URL(again.line.mcp_url!).pathname, new URL(first.line.mcp_url!).pathname);
  assert.equal(await status(again, token), 200, "the token of yesterday");
  await again.stop();
  assert.match(await again.said, /fruit\.csv: already served/);

  await Deno.writeTextFile(file, "id,name\n1,apple\n2,pear\n3,plum\n");
  const other = await start(data.path, [file, "--new-token"]);
  assert.ok(other.line.token && other.line.token !== token);
  assert.equal(await status(other, token), 200, "the token of yesterday");
  assert.equal(await status(other, other.line.token), 200);
  await other.stop();
  assert.match(await other.said, /fruit\.csv: has changed .*--replace/);

  const replaced = await start(data.path, [file, "--replace"]);
  assert.equal(replaced.line.token, null);
  assert.equal(await status(replaced, token), 200, "the token of yesterday");
  await replaced.stop();
  assert.match(await replaced.said, /fruit\.csv: fruit \(3 rows\)/);
  // And back to what it was, whose bytes were imported once before.
  await Deno.writeTextFile(file, "id,name\n1,apple\n2,pear\n");
  const back = await start(data.path, [file, "--replace"]);
  await back.stop();
  assert.match(await back.said, /fruit\.csv: fruit \(2 rows\)/);
});

Deno.test({
  name: "a file that changed is replaced if a person says yes",
  ignore: noTerminal !== null,
  async fn() {
    await using data = await dataFolder();
    const file = join(data.path, "fruit.csv");
    await Deno.writeTextFile(file, "id,name\n1,apple\n");
    await (await start(data.path, [file])).stop();
    await Deno.writeTextFile(file, "id,name\n1,apple\n2,pear\n");
    for (
      const [answer, told] of [["n", /is served as it was/], ["y", /fruit \(2 rows\)/]] as const
    ) {
      await using terminal = openTerminal(data.path, [file]);
      await terminal.until(/Replace the rows of its tables\? \[y\/N\]/);
      await terminal.type(`${answer}\r`);
      await terminal.until(/Other clients/);
      assert.match(terminal.shown(), told);
      await terminal.type("\x03");
      assert.equal(await terminal.ended, 0);
    }
    // Ctrl-C is heard while it asks.
    await Deno.writeTextFile(file, "id,name\n1,plum\n");
    await using terminal = openTerminal(data.path, [file]);
    await terminal.until(/\[y\/N\]/);
    await terminal.type("\x03");
    assert.equal(await terminal.ended, 0);
  },
});

Deno.test({
  name: "a start in a terminal shows at most ten lines, and no log",
  ignore: noTerminal !== null,
  async fn() {
    await using data = await dataFolder();
    const files = ["a", "b", "c", "d", "e"].map((name) => join(data.path, `${name}.csv`));
    for (const file of files) await Deno.writeTextFile(file, `id,name\n1,${file}\n`);
    for (let round = 0; round < 2; round++) {
      await using terminal = openTerminal(data.path, files);
      await terminal.until(/Other clients/);
      const lines = terminal.shown().split("\n").filter((line) => /\S/.test(line));
      // The first is the task runner's own.
      assert.ok(lines.length <= 11, terminal.shown());
      assert.doesNotMatch(terminal.shown(), /\{"at"/);
      await terminal.type("\x03");
      assert.equal(await terminal.ended, 0);
    }
    assert.ok((await Deno.stat(join(data.path, "log", "server.log"))).isFile);
  },
});

Deno.test("a start prints a link that signs an address in, and resets its second factors", async () => {
  await using data = await dataFolder();
  const args = ["--sign-in", "Ada@example.com"];
  const first = await start(data.path, args);
  const { mcp_url, token, sign_in_url } = first.line;
  assert.deepEqual([mcp_url, token], [null, null]);
  const page = await (await fetch(sign_in_url!)).text();
  assert.match(page, /a•••@example\.com/);
  await first.stop();
  assert.match(await first.said, /no account of ada@example\.com: it was created/);
  const second = await start(data.path, [...args, "--reset-factors"]);
  assert.notEqual(second.line.sign_in_url, sign_in_url);
  await second.stop();
  assert.match(await second.said, /ada@example\.com has no two-factor methods/);
});

Deno.test("every fault is told in words, with what to do", async () => {
  await using data = await dataFolder();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const notFolder = join(data.path, "file");
  await Deno.writeTextFile(notFolder, "");
  const key = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const over = (url: string) => ({ DATABASE_URL: url, BULKHEAD_MASTER_KEY: key });
  const faults: readonly [string, string[], Record<string, string>, RegExp][] = [
    [
      "the environment",
      [],
      { PORT: "99999", BASE_URL: "ftp://b.example", SMTP_URL: "x", LOG: "nowhere" },
      /PORT must be at most 65535[\s\S]*BASE_URL must be[\s\S]*SMTP_URL must be[\s\S]*LOG must be/,
    ],
    ["a taken port", [], { PORT: String(port) }, /Port \d+ of 127\.0\.0\.1 is taken.* Set PORT/],
    ["a data folder that is none", [], { BULKHEAD_DATA: notFolder }, /is no folder.*BULKHEAD_DATA/],
    ["a file that is not there", ["nothing.csv"], {}, /There is no file nothing\.csv/],
    ["an option that is not there", ["--fast"], {}, /There is no option --fast/],
    ["an option without its file", ["--replace"], {}, /--replace needs the file/],
    ["what is no address", ["--sign-in", "ada"], {}, /ada is not an address such as/],
    ["a reset of nobody", ["--reset-factors"], {}, /--reset-factors needs --sign-in ADDRESS/],
    ["no Postgres", [], over(`postgres://a:b@127.0.0.1:1/c`), /Nothing answers.*DATABASE_URL/],
    ["a host that is not known", [], over("postgres://a:b@x.invalid/c"), /host of DATABASE_URL/],
  ];
  for (const [what, args, env, words] of faults) {
    const { code, said, printed } = await startAndEnd(data.path, args, env);
    assert.equal(code, 1, `${what}: ${said}`);
    assert.match(said, words, what);
    assert.doesNotMatch(said, RAW, `${what}: ${said}`);
    assert.equal(printed, "", what);
    assert.doesNotMatch(said, /secret|:b@/, what);
  }
  listener.close();
});
