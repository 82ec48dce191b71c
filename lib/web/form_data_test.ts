import assert from "node:assert/strict";
import { z } from "zod";
import { checkForm, readForm } from "./form_data.ts";

const post = (body: string, type = "application/x-www-form-urlencoded") =>
  new Request("http://127.0.0.1/", { method: "POST", body, headers: { "content-type": type } });

Deno.test("readForm() reads a URL-encoded form", async () => {
  const form = await readForm(post("a=1&a=2&b=%F0%9F%9A%A2+x"));
  assert.deepEqual(form.getAll("a"), ["1", "2"]);
  assert.equal(form.get("b"), "🚢 x");
});

Deno.test("readForm() refuses other types and bodies past 64 kB", async () => {
  await assert.rejects(readForm(post("{}", "application/json")), {
    code: "UNSUPPORTED_MEDIA_TYPE",
  });
  await assert.rejects(readForm(post("a".repeat(70_000))), { code: "PAYLOAD_TOO_LARGE" });
});

Deno.test("checkForm() answers values, or the first fault of each field", () => {
  const schema = z.object({
    name: z.string("Type a name.").min(1, "Type a name.").max(5, "Too long."),
    abilities: z.array(z.enum(["read", "write"], "Unknown ability.")).min(1, "Choose one."),
  });
  const good = new URLSearchParams("name=Shop&abilities=read&abilities=write&other=1");
  assert.deepEqual(checkForm(good, schema, ["abilities"]), {
    ok: true,
    values: { name: "Shop", abilities: ["read", "write"] },
  });
  const checked = checkForm(new URLSearchParams("abilities=fly&__proto__=1"), schema, [
    "abilities",
  ]);
  assert.deepEqual(checked, {
    ok: false,
    faults: { name: "Type a name.", abilities: "Unknown ability." },
  });
});
