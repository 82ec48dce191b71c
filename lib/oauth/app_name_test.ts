import assert from "node:assert/strict";
import fc from "fast-check";
import { visibleText } from "../text/mod.ts";
import { appName } from "./app_name.ts";

Deno.test("appName() is one visible line of bounded length, whatever an app calls itself", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
    const name = appName(text);
    if (name === null) return;
    assert.equal(visibleText(name), name);
    assert.doesNotMatch(name, /^\s|\s$|\s\s/u);
    assert.ok([...name].length <= 81);
    assert.equal(appName(name.replace(/…$/, "")) !== null, true);
  }));
  assert.equal(appName(" Night \n Watch\t"), "Night Watch");
  assert.equal(appName("\u202eabc\u2066"), "abc");
  for (const nothing of ["", "  ", "\u200b\u200e", "\n"]) assert.equal(appName(nothing), null);
});
