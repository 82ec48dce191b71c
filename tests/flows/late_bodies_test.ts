/** What was let in is asked again when its body has come: whoever was stopped meanwhile does nothing more. */
import assert from "node:assert/strict";
import { readSession, removeMember, sessionCsrfToken, startSession } from "../../lib/auth/mod.ts";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { createEndpoint, enterEndpoint } from "../../lib/endpoints/mod.ts";
import { startIngest } from "../../lib/ingest/mod.ts";
import { parseUploadOptions } from "../../lib/ingest/options.ts";
import { mintToken, revokeToken } from "../../lib/tokens/mod.ts";
import { createHandler } from "../../routes/handler.ts";
import { createCookies } from "../../lib/web/cookies.ts";
import { testMember } from "../harness/mod.ts";
import { credentialStage, request, type Stage } from "./credentials_stage.ts";

/** A request whose body comes when something has been done, after whoever sent it was let in. */
async function sentLate(
  { services }: Stage,
  path: string,
  headers: Record<string, string>,
  text: string,
  meanwhile: () => Promise<unknown>,
): Promise<Response> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    // Asked for by whoever reads, and not before.
    async pull(out) {
      await meanwhile();
      out.enqueue(new TextEncoder().encode(text));
      out.close();
    },
  }, { highWaterMark: 0 });
  const handler = await createHandler(services);
  try {
    const sent = new Request(new URL(path, services.baseUrl), {
      method: "POST",
      headers: { origin: services.baseUrl.origin, ...headers },
      body,
    });
    return await handler.answer(sent, "127.0.0.1");
  } finally {
    await handler.close();
  }
}

Deno.test("a form that comes after its sender was removed does nothing", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const admin = await testMember(s.test, tenant, "admin");
  const viewer = await testMember(s.test, tenant, "viewer");
  const { access } = await startSession(services, admin, SYSTEM_ACTOR);
  const cookie = createCookies(services.baseUrl.protocol === "https:")
    .set("session", access, 600).split(";")[0]!;
  const own = (await readSession(services, access))!;
  const form = new URLSearchParams({
    csrf_token: await sessionCsrfToken(services, own),
    role: "admin",
  });
  const roleOf = async () =>
    (await services.control.tenant(
      tenant.tenantId,
      (tx) => tx<{ role: string }[]>`SELECT role FROM members WHERE user_id = ${viewer.userId}`,
    ))[0]!.role;
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const path = `/team/members/${viewer.userId}/role`;
  const late = await sentLate(
    s,
    path,
    { cookie, ...type },
    form.toString(),
    () => removeMember(services, s.owner, admin.userId, { kept: [], revoked: [] }, SYSTEM_ACTOR),
  );
  assert.equal(await roleOf(), "viewer");
  assert.equal(late.headers.get("location"), "/sign-in");
});

Deno.test("a body that comes after its token was revoked does nothing", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const token = await mintToken(services, tenant.scope, request());
  const headers = {
    authorization: `Bearer ${token.token}`,
    "content-type": "application/json",
  };
  const created = async (name: string, meanwhile: () => Promise<unknown>) =>
    (await sentLate(s, "/v1/endpoints", headers, JSON.stringify({ name }), meanwhile)).status;
  assert.equal(await created("in-time", () => Promise.resolve()), 201);
  assert.equal(
    await created("late", () => revokeToken(services, tenant.scope, token.view.id)),
    401,
  );
});

Deno.test("a call that comes after its token was revoked does nothing", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const { endpoint } = await createEndpoint(services, tenant.scope, "shop");
  const token = await mintToken(services, tenant.scope, request());
  const headers = {
    authorization: `Bearer ${token.token}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const listed = async (meanwhile: () => Promise<unknown>) =>
    (await sentLate(s, `/mcp/${endpoint.slug}`, headers, call, meanwhile)).status;
  assert.equal(await listed(() => Promise.resolve()), 200);
  assert.equal(await listed(() => revokeToken(services, tenant.scope, token.view.id)), 401);
});

Deno.test("a file that is whole after its sender was removed is not taken", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const { endpoint } = await createEndpoint(services, tenant.scope, "shop");
  const member = await testMember(s.test, tenant, "member");
  const sent = async (fileName: string, meanwhile: () => Promise<unknown>) => {
    const body = new ReadableStream<Uint8Array>({
      async pull(out) {
        await meanwhile();
        out.enqueue(new TextEncoder().encode(`name\n${fileName}\n`));
        out.close();
      },
    }, { highWaterMark: 0 });
    const scope = await enterEndpoint(services, member.scope, endpoint.slug);
    const file = { fileName, body, options: parseUploadOptions([]).options, allowDuplicate: false };
    return await startIngest(services, scope, file);
  };
  assert.equal((await sent("in_time.csv", () => Promise.resolve())).status, "queued");
  await assert.rejects(
    sent(
      "late.csv",
      () => removeMember(services, s.owner, member.userId, { kept: [], revoked: [] }, SYSTEM_ACTOR),
    ),
    { code: "ACCESS_DENIED" },
  );
});
