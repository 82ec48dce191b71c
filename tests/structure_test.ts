import assert from "node:assert/strict";
import * as rules from "./structure/rules.ts";
import { isTest, readTree, ROOT, sourceFile, type TextFile } from "./structure/tree.ts";

/** Files past the length of their kind, each with the reason why it stays one file. */
const LONG_FILES: Readonly<Record<string, string>> = {
  "lib/ingest/load/load_file_test.ts": "the behaviours of one symbol over one database",
};

const tree = readTree();
const sources = tree.filter(({ path }) => /\.tsx?$/.test(path)).map(sourceFile);
const importsOf = (config: string): Record<string, string> =>
  JSON.parse(Deno.readTextFileSync(`${ROOT}${config}`)).imports;
const served = importsOf("deno.json");
const tested = importsOf("tests/deno.json");

function holds(violations: readonly string[]): void {
  assert.equal(violations.length, 0, `\n${violations.map((line) => `  ${line}`).join("\n")}\n`);
}

const RULES: Readonly<Record<string, rules.Rule>> = {
  "files import from lower ranks only": rules.ranks,
  "folders are entered through their mod.ts": rules.doors,
  "every folder of lib has a door that only re-exports": rules.doorsAreDoors,
  "no imports go in circles": rules.noCircles,
  "main.ts alone reads the environment": rules.environment,
  "packages are imported where they are wrapped": rules.packageHomes,
  "packages are named as deno.json names them": rules.packageNames(
    Object.keys(served),
    Object.keys(tested),
  ),
  "SQL stands in stores and where it is built by design": rules.sqlHomes,
  "importing a file does nothing": rules.noWorkAtImport,
  "islands import Preact, types and islands": rules.islands,
  "every exported symbol of lib has a docstring": rules.docstrings,
  "nothing is postponed in a comment": rules.nothingPostponed,
  "no file is too long": rules.lengths(LONG_FILES),
  "files are named by the rules": rules.names,
};

for (const [name, rule] of Object.entries(RULES)) {
  Deno.test(`structure: ${name}`, () => holds(rule(sources)));
}

Deno.test("structure: tests run on the packages that serve, and serving installs none of the tests'", () => {
  for (const [name, version] of Object.entries(served)) assert.equal(tested[name], version, name);
  for (const [name, version] of Object.entries(importsOf("examples/deno.json"))) {
    assert.equal(tested[name], version, name);
  }
  const locked = (path: string): string[] =>
    Object.keys(JSON.parse(Deno.readTextFileSync(`${ROOT}${path}`)).npm);
  const [serving, testing] = [locked("deno.lock"), locked("tests/deno.lock")];
  assert.deepEqual(serving.filter((one) => !testing.includes(one)), []);
  const onlyTests = Object.keys(tested).filter((name) => !(name in served));
  assert.ok(onlyTests.length > 5);
  assert.deepEqual(
    onlyTests.filter((name) => serving.some((one) => one.startsWith(`${name}@`))),
    [],
  );
});

Deno.test("structure: no file names a machine, a registry or who wrote it", () => {
  holds(rules.foreignMentions(tree));
});

Deno.test("structure: the median file of lib has about a hundred lines", () => {
  const lengths = sources.filter(({ path }) => path.startsWith("lib/") && !isTest(path))
    .map(({ lines }) => lines).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)]!;
  assert.ok(median <= 110, `the median is ${median}`);
});

// A rule that finds nothing in anything would hold too: each is shown what it must find.

const broken = (rule: rules.Rule, ...files: TextFile[]) => rule(files.map(sourceFile));
const file = (path: string, text: string): TextFile => ({ path, text });

Deno.test("rules.ranks() finds a higher rank, a sibling and an unknown folder", () => {
  assert.equal(broken(rules.ranks, file("lib/crypto/a.ts", 'import "../tools/mod.ts";')).length, 1);
  assert.equal(
    broken(rules.ranks, file("lib/tokens/a.ts", 'import "../endpoints/mod.ts";')).length,
    1,
  );
  assert.equal(
    broken(rules.ranks, file("lib/auth/a.ts", 'import type { A } from "../web/mod.ts";')).length,
    1,
  );
  assert.equal(broken(rules.ranks, file("lib/misplaced/a.ts", "")).length, 1);
  assert.deepEqual(broken(rules.ranks, file("lib/tools/a.ts", 'import "../errors.ts";')), []);
});

Deno.test("rules.doors() finds a file that is reached past its door", () => {
  const door = file("lib/auth/mod.ts", 'export { a } from "./a.ts";');
  const past = file("lib/web/b.ts", 'import { a } from "../auth/a.ts";');
  assert.equal(broken(rules.doors, door, past).length, 1);
  const inside = file("lib/auth/c.ts", 'import { a } from "./a.ts";');
  const through = file("lib/web/d.ts", 'import { a } from "../auth/mod.ts";');
  assert.deepEqual(broken(rules.doors, door, inside, through), []);
});

Deno.test("rules.doorsAreDoors() finds a missing door and one with code in it", () => {
  assert.equal(broken(rules.doorsAreDoors, file("lib/auth/a.ts", "")).length, 1);
  assert.equal(
    broken(rules.doorsAreDoors, file("lib/auth/mod.ts", "export const a = 1;")).length,
    1,
  );
});

Deno.test("rules.noCircles() finds a circle of values and lets types be", () => {
  const a = file("lib/a.ts", 'import { b } from "./b.ts";');
  assert.equal(
    broken(rules.noCircles, a, file("lib/b.ts", 'export { a } from "./a.ts";')).length,
    1,
  );
  assert.deepEqual(
    broken(rules.noCircles, a, file("lib/b.ts", 'import type { A } from "./a.ts";')),
    [],
  );
});

Deno.test("rules.environment() finds every way to the environment", () => {
  for (
    const text of [
      'Deno.env.get("A");',
      'function f() { return process.env["A"]; }',
      'import process from "node:process";',
    ]
  ) assert.equal(broken(rules.environment, file("lib/a.ts", text)).length, 1, text);
});

Deno.test("rules.packageHomes() and packageNames() find packages out of place", () => {
  for (const name of ["pg", "@modelcontextprotocol/core", "pg-boss"]) {
    const text = `import { a } from "${name}";`;
    assert.equal(broken(rules.packageHomes, file("lib/web/a.ts", text)).length, 1, name);
  }
  const text = 'import a from "npm:zod@1";';
  const names = rules.packageNames(["zod"], ["zod", "fast-check"]);
  assert.equal(broken(names, file("lib/a.ts", text)).length, 1);
  const property = 'import fc from "fast-check";';
  assert.equal(broken(names, file("lib/a.ts", property)).length, 1);
  assert.deepEqual(broken(names, file("lib/a_test.ts", property)), []);
});

Deno.test("rules.sqlHomes() finds SQL in templates, strings and unsafe calls", () => {
  for (
    const text of [
      "sql`SELECT 1`;",
      'const q = "DELETE FROM a";',
      "tx.unsafe(text);",
      "const f = () => sql`\n  UPDATE a SET b = ${1}`;",
    ]
  ) {
    assert.equal(broken(rules.sqlHomes, file("lib/web/a.ts", text)).length, 1, text);
    assert.deepEqual(broken(rules.sqlHomes, file("lib/web/store.ts", text)), []);
  }
  const prose = 'const text = "Select a file. UPDATE nothing.";';
  assert.deepEqual(broken(rules.sqlHomes, file("lib/web/a.ts", prose)), []);
});

Deno.test("rules.noWorkAtImport() finds awaits, I/O and timers outside of functions", () => {
  for (
    const text of [
      "const a = await f();",
      'Deno.readTextFileSync("a");',
      "setInterval(() => {}, 1);",
      'const w = new Worker("a");',
    ]
  ) assert.equal(broken(rules.noWorkAtImport, file("lib/a.ts", text)).length, 1, text);
  const later =
    "const f = async () => { await g(); console.log(1); };\nif (import.meta.main) await f();";
  assert.deepEqual(broken(rules.noWorkAtImport, file("lib/a.ts", later)), []);
});

Deno.test("rules.islands() finds what would go to the browser", () => {
  const text = 'import { z } from "zod"; import { a } from "../lib/web/mod.ts";';
  assert.equal(broken(rules.islands, file("islands/A.tsx", text)).length, 2);
  const fine =
    'import { useState } from "preact/hooks"; import type { Z } from "../lib/web/mod.ts";';
  assert.deepEqual(broken(rules.islands, file("islands/A.tsx", fine)), []);
});

Deno.test("rules.docstrings() finds exports without a text, also listed ones", () => {
  const text =
    "/** A. */\nexport const a = 1;\n// no docstring\nexport type B = 1;\nconst c = 1;\nexport { c };";
  assert.equal(broken(rules.docstrings, file("lib/a.ts", text)).length, 2);
});

Deno.test("rules.lengths() finds long files and stale reasons", () => {
  const long = "\n".repeat(401);
  assert.equal(broken(rules.lengths({}), file("lib/a.ts", long)).length, 1);
  assert.equal(broken(rules.lengths({}), file("routes/a.ts", "\n".repeat(151))).length, 1);
  assert.equal(broken(rules.lengths({ "lib/b.ts": "gone" })).length, 1);
  assert.deepEqual(broken(rules.lengths({ "lib/a.ts": "whole" }), file("lib/a.ts", long)), []);
});

Deno.test("rules.names(), nothingPostponed() and foreignMentions() find what they are for", () => {
  assert.equal(broken(rules.names, file("lib/aB.ts", "")).length, 1);
  assert.equal(broken(rules.names, file("lib/web/utils.ts", "")).length, 1);
  assert.equal(broken(rules.nothingPostponed, file("lib/a.ts", "// TO" + "DO: later")).length, 1);
  const path = ["", "home", "somebody", "x"].join("/");
  assert.equal(rules.foreignMentions([file("README.md", `see ${path}`)]).length, 1);
});
