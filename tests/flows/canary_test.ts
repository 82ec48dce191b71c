/** Known secrets go through every flow; nothing that is kept, logged or told of a fault holds them. */
import assert from "node:assert/strict";
import { type Sql } from "../../lib/postgres/mod.ts";
import { createSignInLink, localAccount } from "../../lib/auth/mod.ts";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { CookieJar } from "../harness/mod.ts";
import { dynamicApp } from "../oauth/app.ts";
import { type House, startHouse } from "../oauth/house.ts";

const PASSWORDS = {
  first: "canary-in-a-first-password",
  wrong: "canary-in-a-wrong-password",
  reset: "canary-in-a-reset-password",
  changed: "canary-in-a-changed-password",
};

/** Watches every answer: the secrets that it hands out, and what it says of faults. */
function watch() {
  const secrets = new Map<string, string>(Object.entries(PASSWORDS));
  const faults: string[] = [];
  const real = globalThis.fetch;
  let count = 0;
  const keep = (what: string, value: string) => void secrets.set(`${what} ${++count}`, value);
  globalThis.fetch = async (input, init) => {
    const answer = await real(input, init);
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^\w*?_(session|refresh|once)=([^;]+)/.exec(cookie) ?? [];
      if (name) keep(name, decodeURIComponent(value!));
    }
    const code = URL.parse(answer.headers.get("location") ?? "")?.searchParams.get("code");
    if (code) keep("authorization code", code);
    const body = await answer.clone().text();
    if (answer.status >= 400) faults.push(body);
    else for (const [token] of body.matchAll(/\bbh[dc]_\w{3}_\w{20,}/g)) keep("token", token);
    return answer;
  };
  return {
    secrets,
    faults,
    keep,
    [Symbol.dispose]: () => void (globalThis.fetch = real),
  };
}

/** Every row of every table of the database, as text. */
async function dump(admin: Sql): Promise<string> {
  const tables = await admin<{ schema: string; name: string }[]>`
    SELECT n.nspname AS schema, c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname !~ '^pg_toast'`;
  assert(tables.length > 20);
  let text = "";
  for (const { schema, name } of tables) {
    const rows = await admin<{ row: string }[]>`
      SELECT t::text AS row FROM ${admin(schema)}.${admin(name)} t`;
    text += rows.map(({ row }) => row).join("\n") + "\n";
  }
  return text;
}

/** The ways in which a secret could stand somewhere. */
function formsOf(secret: string): RegExp[] {
  // Six digits stand by chance within longer ones.
  if (/^\d{6}$/.test(secret)) return [new RegExp(`(?<![\\w.-])${secret}(?![\\w-])`)];
  const bytes = new TextEncoder().encode(secret);
  return [secret, encodeURIComponent(secret), bytes.toHex(), bytes.toBase64()]
    .map((form) => new RegExp(RegExp.escape(form)));
}

async function mailOf(house: House, to: string) {
  const { mailer } = house.services;
  await mailer.settle();
  const text = mailer.mailbox!.list().find((mail) => mail.to === to)?.text ?? "";
  const link = /https?:\/\/\S+/.exec(text)?.[0];
  return { path: link ? new URL(link).pathname : "", code: /\b\d{6}\b/.exec(text)?.[0] ?? "" };
}

Deno.test("no secret of any flow is kept, logged or told", async () => {
  using seen = watch();
  await using house = await startHouse();
  const ADA = "ada@example.com";
  const jar = () => new CookieJar(house.origin);
  async function mail(to: string) {
    const found = await mailOf(house, to);
    if (found.path) seen.keep("link", found.path.split("/").at(-1)!);
    if (found.code) seen.keep("code", found.code);
    return found;
  }
  const wrongSecret = "C".repeat(43);
  seen.keep("link that was never made", wrongSecret);

  // Accounts: up, in, out; right and wrong; by each kind of link and code.
  const ada = jar();
  await ada.submit("/sign-up", { email: ADA, password: "short" });
  await ada.submit("/sign-up", { email: ADA, password: PASSWORDS.first });
  await ada.submit((await mail(ADA)).path);
  await jar().submit("/sign-in", { email: ADA, password: PASSWORDS.wrong });
  await jar().submit("/sign-in", { email: ADA, password: PASSWORDS.first });
  await jar().submit("/sign-up", { email: ADA, password: PASSWORDS.first });
  const byCode = jar();
  await byCode.submit("/sign-in/mail", { email: ADA });
  const signIn = await mail(ADA);
  await byCode.submit("/sign-in/code", { code: signIn.code === "111111" ? "222222" : "111111" });
  await byCode.submit("/sign-in/code", { code: signIn.code });
  await byCode.submit(signIn.path);
  for (const path of ["/sign-in/link", "/password/reset", "/invitations", "/account/new-email"]) {
    await ada.submit(`${path}/${wrongSecret}`, { password: PASSWORDS.wrong }, "/account");
  }
  await jar().submit("/password/forgotten", { email: ADA });
  const reset = await mail(ADA);
  await jar().submit(reset.path, { password: "password2024!" });
  const back = jar();
  await back.submit(reset.path, { password: PASSWORDS.reset });
  await jar().submit(reset.path, { password: PASSWORDS.reset });
  await back.submit("/account/password", { password: PASSWORDS.changed });
  await back.submit("/account/confirm", { password: PASSWORDS.wrong });
  await back.submit("/account/confirm/code", { send: "yes" }, "/account/confirm");
  await back.submit("/account/confirm/code", { code: (await mail(ADA)).code }, "/account/confirm");
  const EVE = "eve@example.com";
  await back.submit("/team/invitations", { email: EVE, role: "owner" }, "/team");
  await back.read((await mail(EVE)).path);
  await back.submit("/account/email", { email: "lovelace@example.com" });
  await back.submit((await mail("lovelace@example.com")).path);
  const stolen = back.tab();
  await back.go("/account", { headers: { accept: "application/json" } });
  const local = await createSignInLink(
    house.services,
    await localAccount(house.services, SYSTEM_ACTOR),
  );
  seen.keep("link", local.pathname.split("/").at(-1)!);
  await jar().submit(local.pathname);

  // Tokens and apps.
  const minted = { name: "canary", abilities: "api:endpoints:read", reach: "all" };
  await back.submit("/tokens/new", minted);
  const [pat] = /bhd_pat_\w+/.exec(await back.read("/tokens/minted"))!;
  await back.read("/tokens/minted");
  for (const [token, path] of [[pat, "/v1/tokens"], [`${pat}x`, "/v1/endpoints"]] as const) {
    const headers = { authorization: `Bearer ${token}` };
    await (await fetch(house.origin + path, { headers })).text();
    await (await fetch(`${house.origin}${path}?token=${token}`, { headers })).text();
  }
  const person = await house.person();
  const endpoint = await house.endpoint(person);
  for (const method of ["none", "client_secret_basic"] as const) {
    const app = await dynamicApp(house, {}, method);
    if (app.secret) seen.keep("client secret", app.secret);
    seen.keep("verifier", app.verifier);
    const code = await app.code(person, [endpoint]);
    await app.redeem(code, { code_verifier: "v".repeat(43) });
    const again = await app.code(person, [endpoint]);
    const { body } = await app.redeem(again);
    for (const name of ["access_token", "refresh_token"]) seen.keep(name, String(body[name]));
    const refreshed = await app.refresh(String(body["refresh_token"]));
    for (const name of ["access_token", "refresh_token"]) {
      seen.keep(name, String(refreshed.body[name]));
    }
    await app.redeem(again);
    await app.refresh(String(body["refresh_token"]));
    await app.revoke(String(refreshed.body["access_token"]));
  }
  await stolen.submit("/sign-out", {}, "/account");
  await stolen.go("/account");

  const kinds = new Set([...seen.secrets.keys()].map((name) => name.replace(/ \d+$/, "")));
  for (
    const kind of [
      ...Object.keys(PASSWORDS),
      "session",
      "refresh",
      "once",
      "link",
      "code",
      "token",
      "authorization code",
      "access_token",
      "refresh_token",
      "client secret",
    ]
  ) assert(kinds.has(kind), `no ${kind} went through`);
  assert(seen.secrets.size > 40, `${seen.secrets.size} secrets`);
  assert(seen.faults.length > 12, `${seen.faults.length} faults`);
  const places = {
    "the control database": await dump(house.admin),
    "the log": house.logLines.join("\n"),
    "the body of a fault": seen.faults.join("\n"),
  };
  assert(places["the control database"].includes("lovelace@example.com"));
  const found: string[] = [];
  for (const [name, secret] of seen.secrets) {
    for (const [place, text] of Object.entries(places)) {
      if (formsOf(secret).some((form) => form.test(text))) found.push(`${name} in ${place}`);
    }
  }
  assert.deepEqual(found, []);
});
