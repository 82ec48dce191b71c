/**
 * Run where there is no network but loopback: starts a server, looks at what it serves, and prints it as
 * JSON. `offline.ts DATA FILE`.
 */
import { createLog } from "../../lib/log.ts";
import { loadAssets } from "../../lib/web/mod.ts";
import { start } from "./server.ts";

if (import.meta.main) {
  const [data, file] = Deno.args as [string, string];
  const outside = await fetch("http://192.0.2.1/").then(() => true, () => false);
  await using server = await start(data, [file]);
  const { hydrate: script } = await loadAssets(
    new URL("../../", import.meta.url),
    createLog(() => {}),
  );
  const code = script ? await fetch(new URL(script, server.line.url)) : null;
  const found = { outside, served: server.line.mcp_url !== null, script: code?.status ?? null };
  await code?.body?.cancel();
  console.log(JSON.stringify(found));
}
