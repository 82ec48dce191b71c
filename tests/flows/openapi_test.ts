import assert from "node:assert/strict";
import { ERRORS } from "../../lib/errors.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import { type Json, RestClient, startRest } from "../harness/mod.ts";

/** Every `$ref` in a document. */
function* references(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    if (key === "$ref") yield part as string;
    else yield* references(part);
  }
}

Deno.test("/v1/openapi.json describes each route that is served, to anyone", async () => {
  await using test = await startRest();
  const document = await new RestClient(test.origin, null).ok(200, "GET", "/v1/openapi.json");
  assert.equal(document["openapi"], "3.1.0");
  const paths = document["paths"] as Record<string, Record<string, Json>>;
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)
  );
  assert.deepEqual(
    new Set(described),
    new Set(REST_ROUTES.map(({ method, path }) => `${method} ${path}`)),
  );
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  const components = document["components"] as { schemas: Json };
  for (const reference of references(document)) {
    const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(reference)!;
    assert.ok(components.schemas[name!], reference);
  }
  for (const [path, item] of Object.entries(paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const operation of Object.values(item)) {
      const parameters = operation["parameters"] as Json[];
      assert.deepEqual(
        parameters.filter((one) => one["in"] === "path").map(({ name }) => name),
        inPath,
      );
    }
  }
});

Deno.test("/v1/openapi.json names each route's abilities and errors", async () => {
  await using test = await startRest();
  const document = await new RestClient(test.origin, null).ok(200, "GET", "/v1/openapi.json");
  const paths = document["paths"] as Record<string, Record<string, Json>>;
  for (const route of REST_ROUTES) {
    const operation = paths[route.path]![route.method.toLowerCase()]!;
    assert.deepEqual(
      operation["security"],
      route.abilities.map((ability) => ({ bearer: [ability] })),
    );
    const responses = operation["responses"] as Record<string, { description: string }>;
    for (const code of [...route.errors, "AUTHENTICATION_REQUIRED", "RATE_LIMITED"] as const) {
      const { description } = responses[ERRORS[code].status]!;
      assert.ok(description.includes(code), `${route.operation} ${code}`);
    }
    assert.ok(responses[route.status]);
    assert.equal("requestBody" in operation, Boolean(route.body || route.streamed));
  }
});

Deno.test("/v1/openapi.json is only read", async () => {
  await using test = await startRest();
  const client = new RestClient(test.origin, null);
  const refused = await client.call("POST", "/v1/openapi.json", {});
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get("allow"), "GET, HEAD, OPTIONS");
  assert.equal((await client.raw("HEAD", "/v1/openapi.json")).status, 200);
  assert.equal((await client.raw("OPTIONS", "/v1/openapi.json")).status, 204);
});
