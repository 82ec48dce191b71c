/** A server that sends no mail offers nothing that needs one, and lets people in by its command line. */
import assert from "node:assert/strict";
import { operatorSignIn } from "../../lib/auth/mod.ts";
import { createMailer } from "../../lib/mail/mod.ts";
import { CookieJar, testServices } from "../harness/mod.ts";
import { listen } from "../../lib/start/listen.ts";
import { createHandler } from "../../routes/handler.ts";

Deno.test("without mail nobody is offered to sign up, and a link of the operator signs in", async () => {
  await using stack = new AsyncDisposableStack();
  const listener = listen("127.0.0.1", 0);
  stack.defer(() => listener.close());
  const origin = `http://127.0.0.1:${listener.port}`;
  const test = stack.use(await testServices({ baseUrl: origin }));
  const services = { ...test.services, mailer: createMailer(null, test.services.log) };
  listener.serve(await createHandler(services));
  const browser = new CookieJar(origin, origin);
  assert.match(await browser.read("/sign-up"), /Nobody can sign up here/);
  assert.doesNotMatch(await browser.read("/sign-up"), /name="password"/);
  assert.doesNotMatch(await browser.read("/sign-in"), /href="\/(sign-up|password)/);
  const { url } = await operatorSignIn(services, { email: "ada@example.com", reset: false });
  assert.equal((await browser.submit(url.pathname, {}, url.pathname)).status, 303);
  assert.match(await browser.read("/team"), /nobody can be invited/);
});
