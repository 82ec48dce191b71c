/** Stopping, as people and service managers do it: nothing stays behind, and the exit code is right. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { assertNoPostgres, dataFolder, processesWith, start } from "./server.ts";
import { noTerminal, openTerminal } from "./terminal.ts";

const SERVING = /Ctrl-C stops/;
const ON_LINUX = Deno.build.os === "linux";

Deno.test({
  name: `Ctrl-C in a terminal, once or often, ends everything in order${
    noTerminal ? ` (skipped: ${noTerminal})` : ""
  }`,
  ignore: noTerminal !== null,
  async fn() {
    await using data = await dataFolder();
    for (const presses of [1, 2, 1, 3, 2, 1, 5, 2, 3, 2]) {
      await using terminal = openTerminal(data.path);
      await terminal.until(SERVING);
      await terminal.type("\x03".repeat(presses));
      assert.equal(await terminal.ended, 0, terminal.shown());
      assert.match(terminal.shown(), /Stopping …/);
      assertNoPostgres(data.path);
      assert.deepEqual(processesWith(`--allow-write=${data.path}`), []);
    }
  },
});

Deno.test({
  name: "Ctrl-C while Postgres starts leaves none behind",
  ignore: noTerminal !== null,
  async fn() {
    await using data = await dataFolder();
    for (const moment of [/Preparing a new Postgres/, /Bringing the control plane/]) {
      await using terminal = openTerminal(data.path);
      await terminal.until(moment);
      await terminal.type("\x03\x03");
      assert.equal(await terminal.ended, 0, terminal.shown());
      assertNoPostgres(data.path);
    }
  },
});

Deno.test({
  name: "a terminal that closes stops the server in order",
  ignore: noTerminal !== null,
  async fn() {
    await using data = await dataFolder();
    const terminal = openTerminal(data.path);
    await terminal.until(SERVING);
    await terminal.close();
    // The next start waits for nobody: it would be refused while the first one runs.
    while (processesWith(`--allow-write=${data.path}`).length) await Promise.resolve();
    assertNoPostgres(data.path);
  },
});

Deno.test({
  name: "a server that is told to ignore it goes on when its terminal closes",
  ignore: noTerminal !== null,
  async fn() {
    await using data = await dataFolder();
    const terminal = openTerminal(data.path, ["--ignore-hangup"]);
    await terminal.until(SERVING);
    const url = /serves on (http:\S+):/.exec(terminal.shown())![1]!;
    await terminal.close();
    const [pid] = processesWith(`--allow-write=${data.path}`);
    const answer = await fetch(url, { redirect: "manual" });
    await answer.body?.cancel();
    assert.ok(answer.status < 400);
    Deno.kill(pid!, "SIGTERM");
    while (processesWith(`--allow-write=${data.path}`).length) await Promise.resolve();
    assertNoPostgres(data.path);
  },
});

Deno.test({
  name: "SIGTERM to the task ends everything in order",
  ignore: !ON_LINUX,
  async fn() {
    await using data = await dataFolder();
    for (let round = 0; round < 2; round++) {
      await using server = await start(data.path);
      const { code } = await server.stop();
      assert.equal(code, 0, await server.said);
      assertNoPostgres(data.path);
    }
  },
});

Deno.test({
  name: "a signal long after the first leaves at once, and ends Postgres too",
  ignore: !ON_LINUX,
  async fn() {
    await using data = await dataFolder();
    await using server = await start(data.path);
    // A request that never ends holds the orderly way up for some seconds.
    const { hostname, port } = new URL(server.line.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.on("error", () => {});
    socket.write("POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\na");
    const began = Date.now();
    let ended = false;
    void server.child.status.then(() => ended = true);
    Deno.kill(server.pid, "SIGINT");
    // What counts is the time between two signals, of which there is no other sign.
    while (!ended && Date.now() - began < 2_500) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (!ended) Deno.kill(server.pid, "SIGINT");
    const { code } = await server.child.status;
    assert.equal(code, 130, await server.said);
    assertNoPostgres(data.path);
    socket.destroy();
  },
});
