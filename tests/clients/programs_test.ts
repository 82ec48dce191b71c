/** Command line clients, as people run them: each opens the browser by itself. */
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Desk, type Ended, freePort } from "./program.ts";
import { TABLE } from "./person.ts";
import { cannotRun, openStage, type Stage } from "./stage.ts";

/** The program behind an npm command, past the links that lead to it. */
function find(path: string): string | null {
  try {
    return Deno.realPathSync(new URL(path, import.meta.url));
  } catch {
    return null;
  }
}

const MODULES = "../node_modules";
const INSPECTOR = find(
  "inspector/node_modules/@modelcontextprotocol/inspector/clients/cli/build/index.js",
);
const REMOTE = find(`${MODULES}/mcp-remote/dist/proxy.js`)!;
const SUITE = find(`${MODULES}/@modelcontextprotocol/conformance/dist/index.js`)!;

let stage: Stage;
Deno.test.beforeAll(async () => void (cannotRun || (stage = await openStage())));
Deno.test.afterAll(async () => await stage?.[Symbol.asyncDispose]());

/** What a program opened in the browser; its own words where it ended instead. */
async function openedBy(desk: Desk, run: Promise<Ended>): Promise<URL> {
  const first = await Promise.race([desk.opened(), run]);
  assert.ok(first instanceof URL, JSON.stringify(first));
  return first;
}

function resultOf<T>({ code, stdout, stderr }: Ended): T {
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { result: T }).result;
}

for (const era of ["auto", "legacy"]) {
  Deno.test({
    name: `the Inspector gets in and is put out, protocol era ${era}`,
    // Set up by `deno task test:clients`: nobody else has to download what it brings along.
    ignore: cannotRun || !INSPECTOR,
    async fn() {
      await using desk = await Desk.setUp();
      const app = "MCP Inspector";
      const callback = `http://127.0.0.1:${freePort()}/oauth/callback`;
      const inspect = (...args: readonly string[]) =>
        desk.run(INSPECTOR!, [
          stage.person.mcpUrl.href,
          ...["--transport", "http", "--protocol-era", era, "--format", "json", "--quiet"],
          ...["--callback-url", callback, ...args],
        ], {
          // There is no terminal to ask in, and no keychain.
          MCP_AUTO_OPEN_ENABLED: "true",
          MCP_INSPECTOR_SECRET_STORE: "file",
        });
      const listing = inspect("--method", "tools/list");
      await stage.person.authorize(await openedBy(desk, listing), { app });
      const { tools } = resultOf<{ tools: { name: string }[] }>(await listing);
      assert.ok(tools.some(({ name }) => name === "count_rows"));
      const counted = await inspect(
        ...["--method", "tools/call", "--tool-name", "count_rows"],
        ...["--tool-args-json", JSON.stringify({ table: TABLE.name })],
      );
      const { structuredContent } = resultOf<{ structuredContent: unknown }>(counted);
      assert.deepEqual(structuredContent, { count: TABLE.rows });
      assert.equal(desk.unseen, 0, "nobody was asked again");
      const [row, ...more] = await stage.person.connections(app);
      // It asks for every scope that there is; nobody ticked writing.
      assert.match(row!, new RegExp(`${TABLE.name} Reads\\n`));
      assert.deepEqual(more, []);
      await stage.person.disconnect(app);
      const { code, stderr } = await inspect("--method", "tools/list", "--stored-auth-only");
      assert.equal(code, 3, stderr);
      assert.match(stderr, /auth_required/);
    },
  });
}

Deno.test({
  name: "mcp-remote gets in and is put out",
  ignore: cannotRun,
  async fn() {
    await using desk = await Desk.setUp();
    const app = "MCP CLI Proxy";
    const transport = new StdioClientTransport({
      command: "node",
      args: [REMOTE, stage.person.mcpUrl.href, String(freePort()), "--allow-http"],
      env: { ...Deno.env.toObject(), ...desk.environment },
      stderr: "ignore",
    });
    const client = new Client({ name: "test", version: "1" });
    const connecting = client.connect(transport);
    await stage.person.authorize(await desk.opened(), { app });
    await connecting;
    const { tools } = await client.listTools();
    assert.ok(tools.some(({ name }) => name === "count_rows"));
    const count = () =>
      client.callTool({ name: "count_rows", arguments: { table: TABLE.name } }, {
        timeout: 20_000,
      });
    assert.deepEqual((await count()).structuredContent, { count: TABLE.rows });
    const [row, ...more] = await stage.person.connections(app);
    assert.match(row!, new RegExp(`${TABLE.name} Reads\\n`));
    assert.deepEqual(more, []);
    await stage.person.disconnect(app);
    const refused = assert.rejects(count());
    assert.equal((await desk.opened()).pathname, "/oauth/authorize", "the person is asked again");
    await client.close();
    await refused;
  },
});

Deno.test({
  name: "the official suite passes for the authorization server",
  ignore: cannotRun,
  async fn() {
    const port = freePort();
    const app = "Conformance suite";
    const registration = await fetch(`${stage.server.origin}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_name: app,
        redirect_uris: [`http://127.0.0.1:${port}/callback`],
        token_endpoint_auth_method: "none",
      }),
    });
    const { client_id } = await registration.json();
    // By Deno: it needs a newer Node than systems bring.
    const suite = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-lock", SUITE, "authorization", "--url", stage.server.origin],
        ...["--client-id", client_id, "--resource", stage.person.mcpUrl.href, "-p", String(port)],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let output = "";
    let asked = false;
    for await (const text of suite.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      const url = /^http:\S+\/oauth\/authorize\S+$/m.exec(output)?.[0];
      if (!url || asked) continue;
      asked = true;
      await stage.person.authorize(new URL(url), { app });
    }
    assert.equal((await suite.status).code, 0, output);
    assert.match(output, /3 passed, 0 failed/, output);
  },
});
