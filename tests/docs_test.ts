import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { ABILITIES } from "../lib/principal.ts";
import { CATALOGUE } from "../lib/tools/catalogue.ts";
import { readTree, ROOT } from "./structure/tree.ts";

const tree = readTree();
const read = (path: string) => Deno.readTextFileSync(join(ROOT, path));

const exists = (path: string) => {
  try {
    Deno.statSync(join(ROOT, path));
    return true;
  } catch {
    return false;
  }
};

Deno.test("docs: every relative link leads somewhere", () => {
  const dead = tree.filter(({ path }) => path.endsWith(".md")).flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)]
      .map(([, target]) => join(dirname(path), target!))
      .filter((target) => !exists(target))
      .map((target) => `${path} → ${target}`)
  );
  assert.deepEqual(dead, []);
});

Deno.test("docs: README's table of the environment is what the configuration reads", () => {
  const rows = [...read("README.md").matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name);
  const schema = /const environment = z\.object\(\{([\s\S]*?)\n\}\);/.exec(
    read("lib/config.ts"),
  )![1]!;
  const keys = [...schema.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name);
  assert.ok(keys.length > 5);
  assert.deepEqual(rows.sort(), keys.sort());
});

Deno.test("docs: CONTRIBUTING's tree names every folder of lib, and none that is not", () => {
  const drawn = /## The tree\n([\s\S]*?)\n## /.exec(read("CONTRIBUTING.md"))![1]!;
  const section = /\nlib\/\n([\s\S]*?)\nmigrations\//.exec(drawn)![1]!;
  const named = [...section.matchAll(/^ {2}(\w+)\/ /gm)].map(([, name]) => name);
  const folders = new Set(
    tree.flatMap(({ path }) => /^lib\/([^/]+)\//.exec(path)?.[1] ?? []),
  );
  assert.deepEqual(named.sort(), [...folders].sort());
});

Deno.test("docs: CONTRIBUTING sends nobody to a file that is not there", () => {
  const table = /## I want to change X\n([\s\S]*?)\n## /.exec(read("CONTRIBUTING.md"))![1]!;
  const paths = [...table.matchAll(/`((?:lib|routes|tests|migrations)\/[\w./]*\w\/?)`/g)]
    .map(([, path]) => path!);
  assert.ok(paths.length > 10);
  assert.deepEqual(paths.filter((path) => !exists(path)), []);
});

Deno.test("docs: the reference of the tools lists each tool", () => {
  const [first] = read("docs/reference/mcp-tools.md").split("\n## ");
  const rows = [...first!.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
  assert.deepEqual(rows, CATALOGUE.map(({ name }) => name));
});

Deno.test("docs: the reference of tokens lists each ability", () => {
  const rows = [...read("docs/reference/tokens.md").matchAll(/^\| `([a-z]+(?::[a-z]+)+)` +\|/gm)]
    .map(([, name]) => name);
  assert.deepEqual(rows, [...ABILITIES]);
});

Deno.test("docs: every decision is listed, and numbers are used once", () => {
  const files = tree.flatMap(({ path }) => /^docs\/decisions\/(\d{4}-.+)$/.exec(path)?.[1] ?? []);
  const list = read("docs/decisions/README.md");
  assert.deepEqual(files.filter((file) => !list.includes(`(${file})`)), []);
  assert.equal(new Set(files.map((file) => file.slice(0, 4))).size, files.length);
});

Deno.test("docs: tasks that the README names are there", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const named = [...read("README.md").matchAll(/deno task (\w+)/g)].map(([, name]) => name!);
  assert.deepEqual(named.filter((name) => !(name in tasks)), []);
});
