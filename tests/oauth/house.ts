/** The authorization server with the endpoints that it lets apps into, served over HTTP. */
import { createSignInLink } from "../../lib/auth/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { clientOf, type OutboundPolicy } from "../../lib/http/mod.ts";
import type { EndpointId, Slug } from "../../lib/ids.ts";
import { connect, type Sql } from "../../lib/postgres/mod.ts";
import { createRest } from "../../lib/rest/mod.ts";
import type { Services } from "../../lib/services.ts";
import { rebuildManifest, setWrites } from "../../lib/tools/mod.ts";
import { createPages, createSite, loadAssets } from "../../lib/web/mod.ts";
import { mcpRoutes } from "../../routes/mcp.ts";
import { oauthRoutes } from "../../routes/oauth/machine.ts";
import { oauthPages } from "../../routes/oauth/pages.ts";
import { PAGES } from "../../routes/pages.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import {
  createControl,
  testCluster,
  type TestControl,
  testServices,
  type TestTenant,
  testTenant,
} from "../harness/mod.ts";
import { Browser } from "./browser.ts";

/** An endpoint as an app is told of it. */
export interface Endpoint {
  readonly id: EndpointId;
  readonly slug: Slug;
  readonly name: string;
  readonly url: string;
}

/** A person with an account, and the browser in which they are signed in. */
export interface Person {
  readonly tenant: TestTenant;
  readonly browser: Browser;
}

/** One process: an origin of its own over the shared control database. */
export interface Replica extends AsyncDisposable {
  readonly origin: string;
  readonly services: Services;
  readonly logLines: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server, and what it takes to use it. */
export interface House extends Replica {
  readonly control: TestControl;
  /** The control database past row-level security: for looking, and for moving time. */
  readonly admin: Sql;
  /** Another process over the same control database, under the same public origin. */
  replica(): Promise<Replica>;
  person(name?: string): Promise<Person>;
  /** Makes an endpoint; one that takes changes unless told otherwise. */
  endpoint(person: Person, name?: string, writes?: "off" | "direct"): Promise<Endpoint>;
  /** Gives a person another role in their tenant, or takes them out; somebody else owns it then. */
  setRole(person: Person, role: "viewer" | "member" | null): Promise<void>;
}

async function startReplica(
  control: TestControl,
  publicOrigin: string | null,
  policy: OutboundPolicy | undefined,
): Promise<Replica> {
  // The port comes first: it is part of the public origin, which services are opened with.
  let answer: (request: Request, peer: string) => Promise<Response> = () =>
    Promise.resolve(new Response(null, { status: 503 }));
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => answer(request, info.remoteAddr.hostname),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const test = await testServices({ control, baseUrl: publicOrigin ?? origin });
  const { services } = test;
  const mcp = mcpRoutes(services);
  const machine = oauthRoutes(services);
  const rest = createRest(services, REST_ROUTES);
  const assets = await loadAssets(new URL("../../", import.meta.url), services.log);
  const routes = [...oauthPages(policy), ...PAGES];
  const pages = createPages(createSite(services, assets), routes);
  answer = (request, peer) => {
    const client = clientOf(request, peer, services);
    const answered = mcp.handle(request, peer) ?? machine(request, client);
    if (answered) return answered;
    const { pathname } = new URL(request.url);
    return pathname.startsWith("/v1/") ? rest(request, client) : pages(request, client);
  };
  return {
    origin,
    services,
    logLines: test.logLines,
    async [Symbol.asyncDispose]() {
      mcp.close();
      await server.shutdown();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** Starts a server over a control database of its own. */
export async function startHouse(policy?: OutboundPolicy): Promise<House> {
  await using stack = new AsyncDisposableStack();
  const control = await createControl();
  stack.defer(() => control.drop());
  const { superuserUrl } = await testCluster();
  const admin = stack.adopt(
    connect(withDatabase(superuserUrl, control.database), { max: 2 }),
    (sql) => sql.end({ timeout: 1 }),
  );
  const first = stack.use(await startReplica(control, null, policy));
  const { services, origin } = first;
  const kept = stack.move();
  return {
    ...first,
    control,
    admin,
    async replica() {
      return kept.use(await startReplica(control, origin, policy));
    },
    async person(name) {
      const tenant = await testTenant(services, name);
      const browser = new Browser(origin);
      const link = await createSignInLink(services, tenant);
      await browser.submit(link.pathname, {});
      return { tenant, browser };
    },
    async setRole({ tenant: { tenantId, userId } }, role) {
      const deputy = await testTenant(services, "Deputy");
      await admin`
        INSERT INTO members (tenant_id, user_id, role)
        VALUES (${tenantId}, ${deputy.userId}, 'owner')`;
      await (role === null
        ? admin`DELETE FROM members WHERE tenant_id = ${tenantId} AND user_id = ${userId}`
        : admin`
          UPDATE members SET role = ${role} WHERE tenant_id = ${tenantId} AND user_id = ${userId}`);
    },
    async endpoint({ tenant }, name = "Data", writes = "direct") {
      const scope = await createEndpoint(services, tenant.scope, name);
      await rebuildManifest(services, scope, "test");
      if (writes !== "off") await setWrites(services, scope, writes);
      const { id, slug } = scope.endpoint;
      return { id, slug, name, url: `${origin}/mcp/${slug}` };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function withDatabase(url: string, database: string): string {
  const out = new URL(url);
  out.pathname = `/${database}`;
  return out.href;
}
