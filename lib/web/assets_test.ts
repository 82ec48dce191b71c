import assert from "node:assert/strict";
import { loadAssets } from "./assets.ts";

const ISLANDS = new URL("../../islands/", import.meta.url);

Deno.test("loadAssets() bundles every island, for ever cacheable", async () => {
  const assets = await loadAssets(ISLANDS);
  for await (const { name } of Deno.readDir(ISLANDS)) {
    if (!name.endsWith(".tsx")) continue;
    const module = await import(new URL(name, ISLANDS).href);
    assert.equal(`${module.default.name}.tsx`, name, "an island is named as its file");
    const answer = assets.serve(assets.island(module.default.name));
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
  const [a, b] = [await loadAssets(ISLANDS), await loadAssets(ISLANDS)];
  assert.match(a.stylesheet, /^\/assets\/app-[0-9a-f]{12}\.css$/);
  assert.equal(a.stylesheet, b.stylesheet);
  assert.equal(a.hydrate, b.hydrate);
});

Deno.test("loadAssets() serves nothing but what it made", async () => {
  const assets = await loadAssets(ISLANDS);
  for (const path of ["/assets/", "/assets/../main.ts", "/assets/app.css", "/deno.json"]) {
    assert.equal(assets.serve(path), null);
  }
  assert.throws(() => assets.island("Missing"));
});

Deno.test("loadAssets() puts nothing foreign into the stylesheet", async () => {
  const assets = await loadAssets(ISLANDS);
  const css = await assets.serve(assets.stylesheet)!.text();
  assert(!/url\(|@import|https?:/.test(css));
});
