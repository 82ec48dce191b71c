/** Codes from mails: bounded for whoever guesses, and nobody can switch off another's. */
import assert from "node:assert/strict";
import { sha256 } from "../../lib/crypto/mod.ts";
import {
  type BrowserActor,
  requestSignIn,
  requestSignUp,
  useSignInCode,
  useSignInLink,
} from "../../lib/auth/mod.ts";
import type { Services } from "../../lib/services.ts";
import { newId, type TenantId } from "../../lib/ids.ts";
import { connect } from "../../lib/postgres/mod.ts";
import { latestMail, signedUp, testCluster, testServices } from "../harness/mod.ts";

const ADA = { email: "ada@example.com", password: "correct horse battery" };

/** A browser as the site tells it from others, in a network of its own. */
const browser = (name: string, network = `${name}.0/24`): BrowserActor => ({
  kind: "dashboard",
  userId: null,
  tokenId: null,
  requestId: null,
  network,
  browser: sha256(name),
});

const wrong = (code: string) => code === "000000" ? "000001" : "000000";

/** One process or another of the same installation, whose limits on mails count for themselves. */
async function twoProcesses() {
  const stack = new AsyncDisposableStack();
  const one = stack.use(await testServices());
  const two = stack.use(await testServices({ control: one.control }));
  return {
    one: one.services,
    two: two.services,
    /** How many tries at codes that were not used are counted, in all. */
    async tries() {
      const url = new URL((await testCluster()).superuserUrl);
      url.pathname = `/${one.control.database}`;
      const sql = connect(url.href, { max: 1 });
      const [row] = await sql<{ tries: number }[]>`
        SELECT coalesce(sum(tries), 0)::int AS tries FROM challenges WHERE used_at IS NULL`;
      await sql.end();
      return row!.tries;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function ask(services: Services, actor: BrowserActor) {
  const id = requestSignIn(services, ADA.email, actor);
  return { id, ...await latestMail(services, ADA.email) };
}

/** How many of a stranger's wrong codes were counted, right or wrong in the end. */
async function guess(
  services: Services,
  actor: BrowserActor,
  times: number,
): Promise<{ id: string; code: string }> {
  const { id, code } = await ask(services, actor);
  for (let i = 0; i < times; i++) {
    await assert.rejects(useSignInCode(services, id, wrong(code), actor), { code: "CODE_WRONG" });
  }
  return { id, code };
}

Deno.test("a stranger's thirty wrong codes lock nobody out, in no process", async () => {
  await using both = await twoProcesses();
  await signedUp(both.one, ADA, browser("home"));
  for (let round = 0; round < 3; round++) {
    for (const [services, name] of [[both.one, "s1"], [both.two, "s2"]] as const) {
      await guess(services, browser(`${name}-${round}`), 5);
    }
  }
  const fresh = browser("holiday");
  const asked = await ask(both.two, fresh);
  assert.equal((await useSignInCode(both.two, asked.id, asked.code, fresh)).kind, "signed_in");
});

Deno.test("thirty strangers together guess a hundred times a day at most; the owner's browser and link go on", async () => {
  await using both = await twoProcesses();
  await signedUp(both.one, ADA, browser("home"));
  const services = [both.one, both.two];
  let last = { id: "", code: "" };
  // Mails to one address are limited too, by process; what is tried here is the limit behind that.
  const wide = { name: "mail.address", attempts: 0, windowMs: 0 };
  for (let stranger = 0; stranger < 30; stranger++) {
    const own = services[stranger % 2]!;
    own.limiter.clear(wide, ADA.email);
    last = await guess(own, browser(`stranger${stranger}`), stranger < 29 ? 5 : 4);
  }
  const late = browser("stranger29");
  await assert.rejects(useSignInCode(both.two, last.id, last.code, late), { code: "CODE_WRONG" });
  const home = browser("home", "elsewhere.0/24");
  for (const own of services) {
    own.limiter.clear(wide, ADA.email);
    const asked = await ask(own, home);
    assert.equal((await useSignInCode(own, asked.id, asked.code, home)).kind, "signed_in");
  }
  const fresh = browser("holiday");
  const asked = await ask(both.one, fresh);
  await assert.rejects(
    useSignInCode(both.one, asked.id, asked.code, fresh),
    { code: "CODE_WRONG" },
    "a browser that nobody ever signed in from counts with the strangers",
  );
  const secret = asked.path.split("/").at(-1)!;
  assert.equal((await useSignInLink(both.one, secret, "", fresh)).kind, "signed_in");
});

Deno.test("one browser has twenty wrong codes a day, known or not, however many come at once", async () => {
  await using both = await twoProcesses();
  await signedUp(both.one, ADA, browser("home"));
  const actor = browser("home");
  const asked = [];
  for (let i = 0; i < 5; i++) {
    const own = i % 2 ? both.two : both.one;
    own.limiter.clear(
      { name: "mail.address_network", attempts: 0, windowMs: 0 },
      `${ADA.email} home.0/24`,
    );
    asked.push(await ask(own, actor));
  }
  const untouched = asked.pop()!;
  const tries = asked.flatMap(({ id, code }, index) =>
    Array.from(
      { length: 4 },
      () => useSignInCode(index % 2 ? both.one : both.two, id, wrong(code), actor),
    )
  );
  for (const tried of await Promise.allSettled(tries)) assert.equal(tried.status, "rejected");
  // Sixteen are spent. Three more, and two at once at two codes, of which one is counted.
  const more: { id: string; code: string }[] = [];
  for (let i = 0; i < 2; i++) {
    for (const name of ["mail.address_network", "mail.address"]) {
      const key = name === "mail.address" ? ADA.email : `${ADA.email} home.0/24`;
      both.one.limiter.clear({ name, attempts: 0, windowMs: 0 }, key);
    }
    more.push(await ask(both.one, actor));
  }
  const [first, second] = more.map(({ id, code }) => () =>
    useSignInCode(both.two, id, wrong(code), actor)
  );
  for (let i = 0; i < 3; i++) await assert.rejects(first!(), { code: "CODE_WRONG" });
  assert.equal(await both.tries(), 19);
  let racing: Promise<unknown> | undefined;
  await both.one.control.tenant(newId<TenantId>(), async (tx) => {
    await tx`
      SELECT lookup.spend_code(
        ${more[0]!.id}, 'sign_in', sha256('wrong'::bytea), 5, 20, 100
      )`;
    racing = assert.rejects(second!(), { code: "CODE_WRONG" });
    // As long as this try is not judged to the end, the other waits: it would not see it.
    for (let i = 0; i < 50; i++) await tx`SELECT 1`;
  });
  await racing;
  assert.equal(await both.tries(), 20);
  await assert.rejects(useSignInCode(both.one, untouched.id, untouched.code, actor), {
    code: "CODE_WRONG",
  });
});

Deno.test("codes of a sign-up are bounded by address, before there is an account", async () => {
  await using both = await twoProcesses();
  const wide = { name: "mail.address", attempts: 0, windowMs: 0 };
  let last = { id: "", code: "" };
  for (let stranger = 0; stranger < 21; stranger++) {
    const own = stranger % 2 ? both.two : both.one;
    own.limiter.clear(wide, ADA.email);
    const actor = browser(`stranger${stranger}`);
    const id = await requestSignUp(own, ADA, actor);
    const { code } = await latestMail(own, ADA.email);
    last = { id, code };
    if (stranger === 20) break;
    for (let i = 0; i < 5; i++) {
      await assert.rejects(useSignInCode(own, id, wrong(code), actor), { code: "CODE_WRONG" });
    }
  }
  await assert.rejects(useSignInCode(both.one, last.id, last.code, browser("stranger20")), {
    code: "CODE_WRONG",
  });
});
