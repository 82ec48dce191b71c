import assert from "node:assert/strict";
import { ABILITIES, type Ability } from "../../lib/principal.ts";
import { createRest } from "../../lib/rest/mod.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken, type TokenRequest } from "../../lib/tokens/mod.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import { serve } from "./serve.ts";
import { testServices, type TestTenant, testTenant } from "./services.ts";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** An answer of `/v1`, read whole. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where there is none. */
  readonly body: Json;
}

const patterns = REST_ROUTES.map((route) => ({
  route,
  url: new URLPattern({ pathname: route.path.replace(/\{(\w+)\}/g, ":$1") }),
}));

/** What is answered is what the document says: every field known, none left out. */
function checkDocumented(method: string, url: string, status: number, body: Json): void {
  const known = patterns.find(({ route, url: at }) => route.method === method && at.test(url));
  if (!known || status >= 300) return;
  const { route } = known;
  assert.equal(status, route.status, `${method} ${url}`);
  if (route.response) assert.deepEqual(route.response.parse(body), body, `${method} ${url}`);
}

/** A client of `/v1` with one token, or none. */
export class RestClient {
  constructor(readonly origin: string, readonly token: string | null) {}

  /** Sends a request as it stands. */
  async raw(method: string, path: string, init: RequestInit = {}): Promise<RestAnswer> {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set("authorization", `Bearer ${this.token}`);
    const url = this.origin + path;
    const response = await fetch(url, { ...init, method, headers });
    const text = await response.text();
    const body = text ? JSON.parse(text) as Json : {};
    checkDocumented(method, url, response.status, body);
    return { status: response.status, headers: response.headers, body };
  }

  /** Sends a JSON body, or none. */
  call(method: string, path: string, body?: unknown): Promise<RestAnswer> {
    if (body === undefined) return this.raw(method, path);
    const headers = { "content-type": "application/json" };
    return this.raw(method, path, { body: JSON.stringify(body), headers });
  }

  /** Sends, expects a status, answers the body. */
  async ok(status: number, method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await this.call(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

/** Mints a token for a test. */
export async function testToken(
  services: Services,
  tenant: TestTenant,
  request: Partial<TokenRequest> = {},
): Promise<string> {
  const { token } = await mintToken(services, tenant.scope, {
    name: "test",
    scope: "mcp:write",
    abilities: ABILITIES,
    endpoints: "all",
    ...request,
  });
  return token;
}

/** `/v1` over HTTP, with one tenant. */
export async function startRest() {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await testServices());
  const { services } = test;
  const served = stack.use(serve(services, createRest(services, REST_ROUTES)));
  const tenant = await testTenant(services);
  return {
    services,
    tenant,
    logLines: test.logLines,
    origin: served.origin,
    client: async (abilities: readonly Ability[] = ABILITIES) =>
      new RestClient(served.origin, await testToken(services, tenant, { abilities })),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
