import assert from "node:assert/strict";
import { testServices } from "../tests/harness/mod.ts";
import { createHandler } from "./handler.ts";

const PROXY = "10.0.0.7";

Deno.test("createHandler() leads pages to https, and refuses what carries tokens in the clear", async () => {
  await using test = await testServices({ baseUrl: "https://mcp.example" });
  const handler = await createHandler({ ...test.services, trustedProxies: ["10.0.0.0/8"] });
  const ask = (path: string, init: RequestInit = {}, proto = "http", peer = PROXY) =>
    handler.answer(
      new Request(`http://mcp.example${path}`, {
        ...init,
        headers: { ...init.headers as Record<string, string>, "x-forwarded-proto": proto },
      }),
      peer,
    );
  const led = await ask("/sign-in?next=%2Ftokens");
  assert.equal(led.status, 308);
  assert.equal(led.headers.get("location"), "https://mcp.example/sign-in?next=%2Ftokens");
  const bearer = { headers: { authorization: "Bearer bhd_pat_x" } };
  const refused: [string, RequestInit?][] = [
    ["/mcp/shop-abc123", { method: "POST", body: "{}" }],
    ["/mcp/shop-abc123/llms.txt", bearer],
    ["/v1/endpoints", bearer],
    ["/v1/endpoints"],
    ["/oauth/token", { method: "POST", body: "grant_type=x" }],
    ["/sign-in", { method: "POST", body: "password=x" }],
  ];
  for (const [path, init] of refused) {
    const answer = await ask(path, init);
    assert.equal(answer.status, 403, path);
    assert.equal((await answer.json()).code, "TLS_REQUIRED");
  }
  assert.equal((await ask("/sign-in", {}, "https")).status, 200);
  assert.equal((await ask("/sign-in", {}, "https, http")).status, 308);
  assert.equal((await ask("/sign-in", {}, "http", "192.0.2.1")).status, 200, "nobody's word");
  assert.equal(
    (await ask("//evil.example/x")).headers.get("location"),
    "https://mcp.example//evil.example/x",
  );
  handler.close();
});
