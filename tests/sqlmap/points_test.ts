import assert from "node:assert/strict";
import { TOOLS } from "../../lib/tools/catalogue.ts";
import { filled, MARK, POINTS } from "./points.ts";
import { verdictOf } from "./sqlmap.ts";

Deno.test("sqlmap is pointed at every tool, and at arguments that the tool takes", () => {
  assert.deepEqual(new Set(Object.keys(POINTS)), new Set(TOOLS.keys()));
  for (const [tool, points] of Object.entries(POINTS)) {
    const { args, on } = TOOLS.get(tool)!;
    const known = new Set([...Object.keys(args.shape), ...(on === "table" ? ["table"] : [])]);
    for (const [name, point] of Object.entries(points)) {
      const made = filled(point.args, point.usual) as Record<string, unknown>;
      assert.ok(JSON.stringify(point.args).includes(MARK), `${tool} ${name} has a place for it`);
      assert.ok(!JSON.stringify(made).includes(MARK), `${tool} ${name}`);
      const unknown = Object.keys(made).filter((field) => !known.has(field));
      assert.deepEqual(unknown, [], `${tool} ${name}`);
    }
  }
});

Deno.test("verdictOf() takes nothing for clean but sqlmap's own word", () => {
  const clean = "[WARNING] GET parameter 'a' does not seem to be injectable\n" +
    "[CRITICAL] all tested parameters do not appear to be injectable. Try to increase values";
  assert.deepEqual([verdictOf(clean).kind, verdictOf(clean).refused], ["clean", 1]);
  const found =
    "sqlmap identified the following injection point(s) with a total of 50 HTTP(s) requests:";
  assert.equal(verdictOf(found).kind, "found");
  assert.equal(verdictOf(`${clean}\nGET parameter 'b' is vulnerable.`).kind, "found");
  for (const nothing of ["", "[CRITICAL] unable to connect to the target URL"]) {
    assert.equal(verdictOf(nothing).kind, "none");
  }
});
