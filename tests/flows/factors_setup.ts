/** People with second factors, for tests that drive the site over HTTP. */
import assert from "node:assert/strict";
import { TOTP } from "otpauth";
import { type CookieJar, SoftAuthenticator, type Wrong } from "../harness/mod.ts";
import { asSuperuser, PASSWORD, type Site } from "./accounts_setup.ts";

/** An authenticator app: the code of a moment; each call is a step later than the last, at most one ahead. */
export const codeOf = (secret: string, at = Date.now()) =>
  new TOTP({ secret: secret.replace(/\s/g, ""), period: 30 }).generate({ timestamp: at });

const CODES = /<code>((?:[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\n?){10})<\/code>/;

/** The recovery codes on a page. */
export function codesOn(text: string): string[] {
  return CODES.exec(text)?.[1]?.trim().split("\n") ?? [];
}

/** Sets up an authenticator app; answers its secret, and recovery codes where it is the first factor. */
export async function setUpApp(
  browser: CookieJar,
): Promise<{ secret: string; codes: string[]; used: string }> {
  const path = "/account/security/authenticator";
  assert.equal((await browser.submit(path, {}, "/account/security")).location, path);
  const page = await browser.read(path);
  const secret = /<code>([A-Z2-7\s]{39})<\/code>/.exec(page)?.[1] ?? "";
  assert.match(page, /<svg class="qr-code"/);
  // The earliest that is taken: later ones are left for what follows. Time may pass one by meanwhile.
  const earliest = () => codeOf(secret, Date.now() - 30_000);
  let used = earliest();
  let done = await browser.submit(`${path}/confirm`, { code: used }, path);
  if (done.status === 401) {
    used = earliest();
    done = await browser.submit(`${path}/confirm`, { code: used }, path);
  }
  assert.equal(done.status, 303, done.text);
  return { secret, codes: codesOn(await browser.read(done.location!)), used };
}

/** Answers WebAuthn's options as a page's script gets them. */
export async function optionsFrom(browser: CookieJar, path: string, from: string) {
  const answer = await browser.go(path, {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      "x-csrf-token": await browser.token(from),
    },
  });
  return { status: answer.status, body: await answer.json() };
}

/** Where a site's passkeys answer: on loopback under `localhost` alone. */
export const passkeyOrigin = (site: Site) => site.origin.replace("127.0.0.1", "localhost");

/** Registers a passkey. */
export async function addPasskey(
  site: Site,
  browser: CookieJar,
  device = new SoftAuthenticator(passkeyOrigin(site)),
  wrong: Wrong = {},
) {
  const path = "/account/security/passkeys";
  const { status, body } = await optionsFrom(browser, `${path}/options`, "/account");
  assert.equal(status, 200, JSON.stringify(body));
  const credential = device.create(body, wrong);
  const added = await browser.submit(path, { credential, name: "Laptop" }, "/account");
  return { device, added, credential };
}

/** Signs in by password, up to the question for a second factor. */
export async function firstStep(browser: CookieJar, email: string): Promise<void> {
  const asked = await browser.submit("/sign-in", { email, password: PASSWORD });
  assert.equal(asked.location, "/sign-in/verify?next=%2Fendpoints", asked.text);
}

/** Lets everybody's last proof of who they are be an hour old. */
export async function growOld(site: Pick<Site, "control" | "services">): Promise<void> {
  await asSuperuser(
    site,
    (sql) => sql`UPDATE sessions SET authenticated_at = now() - interval '1 hour'`,
  );
  const ids = await asSuperuser(site, (sql) => sql<{ id: string }[]>`SELECT id FROM sessions`);
  for (const { id } of ids) site.services.caches.drop("auth.sessions", id);
}
