/** People with accounts, for tests that drive the site over HTTP. */
import assert from "node:assert/strict";
import { connect } from "../../lib/postgres/mod.ts";
import { type CookieJar, type startSite, testCluster } from "../harness/mod.ts";

/** A site of a test's own. */
export type Site = Awaited<ReturnType<typeof startSite>>;

/** Everybody's password. */
export const PASSWORD = "correct horse battery";

/** Signs somebody up, who enters the code of the mail. */
export async function member(site: Site, email: string, agent?: string): Promise<CookieJar> {
  const browser = site.browser(agent);
  const made = await browser.submit("/sign-up", { email, password: PASSWORD });
  assert.equal(made.location, "/sign-up/code?next=%2Fendpoints", made.text);
  const { code } = await site.mail(email);
  const verified = await browser.submit("/sign-up/code", { code });
  assert.equal(verified.location, "/endpoints", verified.text);
  return browser;
}

/** Another person in the team of somebody who manages it. */
export async function joinedAs(site: Site, ada: CookieJar, role: string): Promise<CookieJar> {
  const email = `${role}@example.com`;
  const other = await member(site, email);
  await ada.submit("/team/name", { name: "Crew" }, "/team");
  await ada.submit("/team/invitations", { email, role }, "/team");
  const { path } = await site.mail(email);
  assert.equal((await other.submit(path)).status, 303);
  return other;
}

/** Whether a browser is signed in. */
export async function isIn(browser: CookieJar): Promise<boolean> {
  const answer = await browser.go("/account");
  await answer.text();
  return answer.status === 200;
}

/** Runs statements past row-level security. */
export async function asSuperuser<T>(
  site: Pick<Site, "control">,
  work: (sql: ReturnType<typeof connect>) => Promise<T>,
): Promise<T> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${site.control.database}`;
  const sql = connect(url.href, { max: 1 });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** Every session, the newest first. */
export const sessionIds = (site: Site) =>
  asSuperuser(site, async (sql) => {
    const rows = await sql<{ id: string }[]>`SELECT id FROM sessions ORDER BY created_at DESC`;
    return rows.map(({ id }) => id);
  });
