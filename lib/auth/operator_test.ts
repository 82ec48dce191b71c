import assert from "node:assert/strict";
import { TOTP } from "otpauth";
import { SYSTEM_ACTOR } from "../audit/mod.ts";
import type { Services } from "../services.ts";
import { signedUp, testServices } from "../../tests/harness/mod.ts";
import { beginAuthenticator, confirmAuthenticator, readNewAuthenticator } from "./mod.ts";
import { LOCAL_ADDRESS, operatorSignIn, readSession, signIn, useSignInLink } from "./mod.ts";

const ADA = { email: "ada@example.com", password: "correct horse battery" };
const actor = { ...SYSTEM_ACTOR, kind: "dashboard", network: "192.0.2.0/24" } as const;

const secretOf = (url: URL) => url.pathname.split("/").at(-1)!;

/** What the log of a tenant has, oldest first. */
async function entries(services: Services, tenantId: string) {
  return await services.control.tenant(
    tenantId as never,
    (tx) =>
      tx<{ action: string; actor_kind: string; subject: string | null }[]>`
        SELECT action, actor_kind, subject FROM audit_events ORDER BY at, id`,
  );
}

/** An account with an authenticator app; its session, which is still open. */
async function withApp(services: Services) {
  const tokens = await signedUp(services, ADA, actor);
  const session = (await readSession(services, tokens.access))!;
  await beginAuthenticator(services, session);
  const { secret } = (await readNewAuthenticator(services, session))!;
  const code = new TOTP({ secret }).generate({ timestamp: services.clock.now() });
  await confirmAuthenticator(services, session, code, actor);
  return { session, access: tokens.access };
}

Deno.test("operatorSignIn() creates an account where there is none, and signs it in once", async () => {
  await using test = await testServices();
  const { services } = test;
  const made = await operatorSignIn(services, { email: ADA.email, reset: false });
  assert.deepEqual([made.created, made.removed], [true, []]);
  const step = await useSignInLink(services, secretOf(made.url), "", actor);
  assert(step.kind === "signed_in");
  const session = (await readSession(services, step.tokens.access))!;
  assert.deepEqual([session.email, session.role], [ADA.email, "owner"]);
  await assert.rejects(useSignInLink(services, secretOf(made.url), "", actor), {
    code: "LINK_SPENT",
  });
  const again = await operatorSignIn(services, { email: ADA.email, reset: false });
  assert.equal(again.created, false);
  const log = await entries(services, session.tenantId);
  assert.deepEqual(log.filter(({ actor_kind }) => actor_kind === "system").map((e) => e.action), [
    "account.created",
    "session.link_created",
    "session.link_created",
  ]);
  const local = await operatorSignIn(services, { email: LOCAL_ADDRESS, reset: true });
  assert.deepEqual([local.created, local.removed], [true, []]);
});

Deno.test("operatorSignIn() leaves a second factor, and removes it where that is asked for", async () => {
  await using test = await testServices();
  const { services } = test;
  const { session, access } = await withApp(services);
  const { url } = await operatorSignIn(services, { email: ADA.email, reset: false });
  const asked = await useSignInLink(services, secretOf(url), "", actor);
  assert.equal(asked.kind, "second_factor");
  assert.ok(await readSession(services, access), "nothing ends by a link");

  const reset = await operatorSignIn(services, { email: ADA.email, reset: true });
  assert.deepEqual(reset.removed, ["Authenticator app"]);
  assert.equal(await readSession(services, access), null, "who was signed in is no more");
  const step = await useSignInLink(services, secretOf(reset.url), "", actor);
  assert(step.kind === "signed_in");
  const { factors } = (await readSession(services, step.tokens.access))!;
  assert.deepEqual(factors, { passkeys: 0, authenticator: false, recoveryCodes: 0 });
  assert.equal((await signIn(services, ADA, actor)).kind, "signed_in");

  const removed = (await entries(services, session.tenantId))
    .filter(({ action }) => action === "factor.removed");
  assert.deepEqual(removed.map((entry) => [entry.actor_kind, entry.subject]), [
    ["system", "Authenticator app"],
  ]);
  await services.mailer.settle();
  const mail = services.mailer.mailbox!.list().find(({ subject }) => /was reset/.test(subject));
  assert.equal(mail?.to, ADA.email);
  assert.match(mail!.text, /Authenticator app/);
});
