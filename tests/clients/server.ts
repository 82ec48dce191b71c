import { createControl, TEST_KEY } from "../harness/mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** The server as people start it: a process of its own. */
export interface Server extends AsyncDisposable {
  readonly origin: string;
}

/** Starts it on a free port, over a control database and a data folder of its own. */
export async function startServer(): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const control = await createControl();
  stack.defer(() => control.drop());
  const data = await Deno.makeTempDir({ prefix: "bulkhead-clients-" });
  stack.defer(() => Deno.remove(data, { recursive: true }));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "--json"],
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      BULKHEAD_DATA: data,
      DATABASE_URL: control.adminUrl,
      BULKHEAD_MASTER_KEY: TEST_KEY.toBase64(),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  stack.defer(async () => {
    child.kill("SIGTERM");
    await child.status;
  });
  const said = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  stack.defer(() => reader.cancel());
  const { value } = await reader.read();
  if (value === undefined) throw new Error(`the server did not start: ${await said}`);
  const { url } = JSON.parse(value) as { url: string };
  const kept = stack.move();
  return { origin: url, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
