import assert from "node:assert/strict";
import { listen } from "./listen.ts";
import { StartupError } from "./mod.ts";

const refused = (host: string, port: number, told: RegExp) =>
  assert.throws(() => listen(host, port), (error) => {
    assert.ok(error instanceof StartupError);
    assert.match(error.message, told);
    return true;
  });

Deno.test("listen() tells which port is taken, and what to set", async () => {
  const first = listen("127.0.0.1", 0);
  refused("127.0.0.1", first.port, new RegExp(`^Port ${first.port} of 127.0.0.1 is taken.*PORT`));
  await first.close();
});

Deno.test("listen() tells that the machine has no such address", () => {
  // RFC 5737: no machine has it.
  refused("192.0.2.1", 0, /no address 192\.0\.2\.1.*HOST/);
});
