import assert from "node:assert/strict";
import { createLog } from "../log.ts";
import { loadAssets } from "./assets.ts";

const ROOT = new URL("../../", import.meta.url);
const ISLANDS = new URL("islands/", ROOT);
const log = createLog(() => {});

Deno.test("loadAssets() serves every island, for ever cacheable", async () => {
  const assets = await loadAssets(ROOT, log);
  for await (const { name } of Deno.readDir(ISLANDS)) {
    if (!name.endsWith(".tsx")) continue;
    const module = await import(new URL(name, ISLANDS).href);
    assert.equal(`${module.default.name}.tsx`, name, "an island is named as its file");
    const answer = assets.serve(assets.island(module.default.name)!);
    assert.equal(answer?.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.match(answer.headers.get("cache-control")!, /immutable/);
    // Whatever it imports is served too, from where it says.
    const code = await answer.text();
    for (const [, path] of code.matchAll(/(?:from|import)\s*"([^"]+)"/g)) {
      const url = new URL(path!, `http://x${assets.island(module.default.name)}`);
      assert(assets.serve(url.pathname), `${path} of ${name}`);
    }
  }
});

Deno.test("loadAssets() names files by their content", async () => {
  const [a, b] = [await loadAssets(ROOT, log), await loadAssets(ROOT, log)];
  assert.match(a.stylesheet, /^\/assets\/app-[0-9a-f]{12}\.css$/);
  assert.equal(a.stylesheet, b.stylesheet);
  assert.equal(a.hydrate, b.hydrate);
});

Deno.test("loadAssets() serves nothing but what it made", async () => {
  const assets = await loadAssets(ROOT, log);
  for (const path of ["/assets/", "/assets/../main.ts", "/assets/app.css", "/deno.json"]) {
    assert.equal(assets.serve(path), null);
  }
  assert.throws(() => assets.island("Missing"));
});

Deno.test("loadAssets() puts nothing foreign into the stylesheet", async () => {
  const assets = await loadAssets(ROOT, log);
  const css = await assets.serve(assets.stylesheet)!.text();
  assert(!/url\(|@import|https?:/.test(css));
});

Deno.test("loadAssets() goes without scripts where nothing was built, and says what builds", async () => {
  const root = await Deno.makeTempDir({ prefix: "bulkhead_checkout_" });
  await Deno.mkdir(`${root}/lib/web/browser`, { recursive: true });
  await Deno.mkdir(`${root}/islands`);
  for (const name of ["deno.json", "deno.lock", "lib/web/browser/hydrate.ts"]) {
    await Deno.copyFile(new URL(name, ROOT), `${root}/${name}`);
  }
  const lines: string[] = [];
  const assets = await loadAssets(
    new URL(`file://${root}/`),
    createLog((line) => lines.push(line)),
  );
  assert.equal(assets.hydrate, null);
  assert.equal(assets.island("CopyButton"), null);
  assert.match(lines.join(), /islands\.not_built.*deno task build/);
  await Deno.remove(root, { recursive: true });
});
