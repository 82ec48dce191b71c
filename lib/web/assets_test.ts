import assert from "node:assert/strict";
import { createLog } from "../log.ts";
import { loadAssets } from "./assets.ts";

const ISLANDS = new URL("../../islands/", import.meta.url);
const log = createLog(() => {});

Deno.test("loadAssets() bundles every island, for ever cacheable", async () => {
  const assets = await loadAssets(ISLANDS, log);
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
  const [a, b] = [await loadAssets(ISLANDS, log), await loadAssets(ISLANDS, log)];
  assert.match(a.stylesheet, /^\/assets\/app-[0-9a-f]{12}\.css$/);
  assert.equal(a.stylesheet, b.stylesheet);
  assert.equal(a.hydrate, b.hydrate);
});

Deno.test("loadAssets() serves nothing but what it made", async () => {
  const assets = await loadAssets(ISLANDS, log);
  for (const path of ["/assets/", "/assets/../main.ts", "/assets/app.css", "/deno.json"]) {
    assert.equal(assets.serve(path), null);
  }
  assert.throws(() => assets.island("Missing"));
});

Deno.test("loadAssets() puts nothing foreign into the stylesheet", async () => {
  const assets = await loadAssets(ISLANDS, log);
  const css = await assets.serve(assets.stylesheet)!.text();
  assert(!/url\(|@import|https?:/.test(css));
});

Deno.test("loadAssets() fails for an island with a fault", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bulkhead_islands_" });
  await Deno.writeTextFile(`${folder}/Broken.tsx`, "export default function Broken( {");
  await assert.rejects(loadAssets(new URL(`file://${folder}/`), log));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("loadAssets() goes without scripts where there is no bundler", async () => {
  const cache = await Deno.makeTempDir({ prefix: "bulkhead_cache_" });
  const module = new URL("./assets.ts", import.meta.url).href;
  const code = `
    const { loadAssets } = await import(${JSON.stringify(module)});
    const log = { error: (event) => console.log(event), info() {}, warn() {} };
    const assets = await loadAssets(new URL(${JSON.stringify(ISLANDS.href)}), log);
    console.log(assets.hydrate, assets.island("CopyButton"), assets.stylesheet.length > 20);
  `;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--frozen", code],
    cwd: new URL("../../", import.meta.url),
    // A cache that lacks it, and nowhere to fetch it from.
    env: { DENO_DIR: cache, NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/" },
  }).output();
  const said = new TextDecoder().decode(stdout).trim().split("\n");
  assert.deepEqual(
    said,
    ["islands.not_bundled", "null null true"],
    new TextDecoder().decode(stderr),
  );
  await Deno.remove(cache, { recursive: true });
});
