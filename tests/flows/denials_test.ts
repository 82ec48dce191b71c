import assert from "node:assert/strict";
import { createDenialRecorder, listActivity } from "../../lib/audit/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { RestClient, startRest, testServices, testTenant, testToken } from "../harness/mod.ts";
import { filmEndpoint, serveMcp } from "./mcp_setup.ts";

type Services = Parameters<typeof testToken>[0];
type Tenant = Parameters<typeof testToken>[1];

async function denials(services: Services, { scope }: Tenant) {
  await services.denials.flush();
  const { entries } = await listActivity(services, scope, { action: "call.denied" }, {
    after: null,
    limit: 100,
  });
  return entries;
}

Deno.test("calls of /v1 that a token is refused are in the audit log, once for many", async () => {
  await using rest = await startRest();
  const { services, tenant } = rest;
  const token = await testToken(services, tenant, { abilities: ["rows:read"] });
  const client = new RestClient(rest.origin, token);
  for (let i = 0; i < 20; i++) {
    assert.equal((await client.call("GET", "/v1/tokens")).status, 403);
  }
  const entries = await denials(services, tenant);
  assert.equal(entries.length, 1);
  assert.deepEqual(entries[0]!.detail, {
    reason: "INSUFFICIENT_SCOPE",
    count: 20,
    missing: "api:tokens:read",
  });
  assert.equal(entries[0]!.subject, "listTokens");
  assert.equal(entries[0]!.kind, "rest");
  assert.equal(entries[0]!.tokenName, "test");
  // Not allowed where, and not found, are told apart from who is not known at all.
  const writer = new RestClient(rest.origin, await testToken(services, tenant));
  assert.equal((await writer.call("GET", "/v1/endpoints/never-was")).status, 403);
  await new RestClient(rest.origin, null).call("GET", "/v1/tokens");
  await new RestClient(rest.origin, "bhd_pat_unknown").call("GET", "/v1/tokens");
  assert.deepEqual((await denials(services, tenant)).map(({ detail }) => detail["reason"]), [
    "ACCESS_DENIED",
    "INSUFFICIENT_SCOPE",
  ]);
});

Deno.test("calls over MCP that a token is refused are in its own team's audit log", async () => {
  await using test = await serveMcp();
  const { services } = test;
  const [ada, eve] = [await testTenant(services, "A"), await testTenant(services, "E")];
  const films = await filmEndpoint(test, ada);
  const call = async (token: string) => {
    const answer = await fetch(`${test.origin}/mcp/${films.endpoint.slug}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "list_rows", arguments: { table: "films" } },
      }),
    });
    await answer.text();
  };
  await call(await testToken(services, ada, { abilities: ["files:write"] }));
  await call(await testToken(services, eve));
  const [mine, theirs] = [await denials(services, ada), await denials(services, eve)];
  assert.equal(mine.length, 1);
  assert.equal(mine[0]!.subject, "list_rows");
  assert.equal(mine[0]!.endpointId, films.endpoint.id);
  assert.deepEqual(mine[0]!.detail, {
    reason: "INSUFFICIENT_SCOPE",
    count: 1,
    tool: "list_rows",
    missing: "rows:read",
  });
  // Another's endpoint is not named to whoever tried it.
  assert.equal(theirs.length, 1);
  assert.equal(theirs[0]!.endpointId, null);
  assert.deepEqual(theirs[0]!.detail, { reason: "ACCESS_DENIED", count: 1 });
});

Deno.test("a loop of refused calls makes one entry a minute, and none is uncounted", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  await createEndpoint(services, tenant.scope, "Books");
  let now = Date.parse("2030-01-01T00:00:00Z");
  const recorder = createDenialRecorder(services.control, { now: () => now }, services.log);
  const principal = { ...tenant.scope.principal, kind: "mcp", tokenId: newId() } as const;
  const scope = { ...tenant.scope, principal } as Tenant["scope"];
  const refusal = new AppError("INSUFFICIENT_SCOPE");
  for (let second = 0; second < 180; second++) {
    for (let i = 0; i < 10; i++) recorder.record(scope, refusal, "list_rows");
    await recorder.flush();
    now += 1000;
  }
  // What is no refusal, and what a person in the dashboard is refused, are no denied calls.
  recorder.record(scope, new AppError("NOT_FOUND"), "list_rows");
  recorder.record(scope, new Error("a fault"), "list_rows");
  recorder.record(tenant.scope, refusal, "list_rows");
  await recorder.close();
  const counts = (await denials(services, tenant)).map(({ detail }) => Number(detail["count"]));
  assert.equal(counts.length, 4);
  assert.equal(counts.reduce((sum, count) => sum + count, 0), 1800);
});
