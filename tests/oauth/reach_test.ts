/** An app reaches the tables that a person chose on the consent page, and no other. */
import assert from "node:assert/strict";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { rebuildManifest } from "../../lib/tools/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { dynamicApp, type Fields, tokensOf } from "./app.ts";
import { startHouse } from "./house.ts";

Deno.test("an app reaches the tables that were chosen, keeps to them when asked again, and loses what is taken", async () => {
  await using house = await startHouse();
  const { services } = house;
  const person = await house.person("Harbour Ltd");
  const endpoint = await house.endpoint(person, "Cargo");
  const scope = await enterEndpoint(services, person.tenant.scope, endpoint.slug);
  await loadTables(
    services,
    scope,
    "CREATE TABLE cargo (id int PRIMARY KEY); CREATE TABLE crewzq (id int PRIMARY KEY)",
  );
  await rebuildManifest(services, scope, "test");
  const tools = async (access: string) => {
    const answer = await fetch(endpoint.url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${access}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    });
    const text = await answer.text();
    return answer.status === 200 ? ["cargo", "crewzq"].filter((name) => text.includes(name)) : 401;
  };
  const app = await dynamicApp(house);
  const connect = async (more: Fields) => {
    const url = await app.decide(person, {}, { endpoints: [endpoint], more });
    return tokensOf(await app.redeem(url.searchParams.get("code")!));
  };
  const field = `tables.${endpoint.slug}`;
  const first = await connect({ [field]: "chosen", [`${field}.read`]: "cargo" });
  assert.deepEqual(await tools(first.access), ["cargo"]);
  // The page shows what holds today, and what is not said stays.
  const html = await (await app.ask(person)).text();
  assert.match(html, /name="tables\.[^"]+" value="chosen" checked/);
  assert.deepEqual(await tools((await connect({})).access), ["cargo"]);
  assert.deepEqual(await tools(tokensOf(await app.refresh(first.refresh)).access), ["cargo"]);

  const all = await connect({ [field]: "all" });
  assert.deepEqual(await tools(all.access), ["cargo", "crewzq"]);
  // What was agreed to with fewer tables is never refreshed to more.
  const again = await connect({ [field]: "chosen", [`${field}.read`]: "crewzq" });
  assert.equal(await tools(all.access), 401);
  assert.deepEqual(await tools(again.access), ["crewzq"]);
  assert.deepEqual(await tools(tokensOf(await app.refresh(all.refresh)).access), ["crewzq"]);
});
