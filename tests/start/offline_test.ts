/** Once everything is installed, a start needs no network. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildIslands, bundlePlaces, readBuild } from "../../lib/bundle/mod.ts";
import { assertNoPostgres, dataFolder } from "./server.ts";

const OFFLINE = fileURLToPath(new URL("offline.ts", import.meta.url));
// A network of its own, in which only loopback is brought up.
const ALONE = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

const canCut = Deno.build.os === "linux" &&
  await new Deno.Command("unshare", { args: [...ALONE, "true"], stdout: "null", stderr: "null" })
    .output().then(({ success }) => success, () => false);

Deno.test({
  name: `a start with the network cut serves, scripts included${
    canCut ? "" : " (skipped: no network of one's own can be made here)"
  }`,
  ignore: !canCut,
  async fn() {
    await using data = await dataFolder();
    const file = join(data.path, "fruit.csv");
    await Deno.writeTextFile(file, "id,name\n1,apple\n");
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: [...ALONE, Deno.execPath(), "run", "-A", OFFLINE, data.path, file],
    }).output();
    const text = new TextDecoder();
    const found = JSON.parse(text.decode(stdout) || `"${text.decode(stderr)}"`);
    assert.deepEqual(found, { outside: false, served: true, script: 200 });
    assertNoPostgres(data.path);
  },
});

Deno.test("buildIslands() builds once for the same sources, and readBuild() serves no other's", async () => {
  const root = new URL(`file://${await Deno.makeTempDir({ prefix: "bulkhead_build_" })}/`);
  const checkout = bundlePlaces(new URL("../../", import.meta.url));
  const island = new URL("A.tsx", root);
  // Where packages are found.
  const places = { ...checkout, islands: root, builds: new URL("build/", root) };
  await Deno.writeTextFile(island, "export default function A() { return null; }");
  assert.equal(await readBuild(places), null);
  assert.equal(await buildIslands(places), true);
  assert.equal(await buildIslands(places), false);
  const build = await readBuild(places);
  assert.ok(build !== null && build.islands.has("A"));
  assert.ok(build.files.some(({ path }) => path === build.hydrate));
  await Deno.writeTextFile(island, "export default function A() { return 1; }");
  assert.equal(await readBuild(places), null, "sources have changed");
  await Deno.writeTextFile(island, "export default function A( {");
  await assert.rejects(buildIslands(places), /bundling islands/);
  await Deno.remove(root, { recursive: true });
});
