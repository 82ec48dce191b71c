import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import type { Services } from "../../lib/services.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import { requestOf } from "../harness/mod.ts";
import { challengeOf, register } from "../oauth/app.ts";
import { assertFits, browse, hasChromium, signUp } from "./browser.ts";

const APP = "Stock agent of the harbour office";

/** An endpoint of whoever is signed in, which takes changes. */
async function newEndpoint(page: Page, services: Services): Promise<void> {
  const cookies = await page.context().cookies();
  const session = cookies.find(({ name }) => name === "bulkhead_session")!.value;
  const scope = requestOf(principalOf((await readSession(services, session))!));
  await setWrites(services, await createEndpoint(services, scope, "Harbour shop"), "direct");
}

/** Where an app sends its person to be asked. */
async function askingUrl(origin: string, redirect: string): Promise<string> {
  const { status, body } = await register(origin, {
    client_name: APP,
    redirect_uris: [redirect],
    token_endpoint_auth_method: "none",
  });
  assert.equal(status, 201, JSON.stringify(body));
  const url = new URL("/oauth/authorize", origin);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: String(body["client_id"]),
    redirect_uri: redirect,
    scope: "mcp mcp:write",
    code_challenge: challengeOf("v".repeat(43)),
    code_challenge_method: "S256",
  }).toString();
  return url.href;
}

for (const javaScriptEnabled of [true, false]) {
  Deno.test({
    name: `an app is let in to write under review, and held back later, ${
      javaScriptEnabled ? "with" : "without"
    } scripts`,
    ignore: !hasChromium(),
    async fn() {
      await using app = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        () => new Response("You may close this window."),
      );
      const back = `http://127.0.0.1:${app.addr.port}/callback`;
      await using browsing = await browse({
        javaScriptEnabled,
        viewport: { width: 375, height: 800 },
      });
      const { page, origin, services, complaints } = browsing;
      await signUp(page);
      await newEndpoint(page, services);
      const asking = await askingUrl(origin, back);
      const writing = page.getByRole("checkbox", { name: "Also let it insert, change and delete" });
      const waiting = page.getByRole("checkbox", { name: "Each change waits until somebody here" });
      const allow = async () => {
        await page.getByRole("checkbox", { name: "Harbour shop" }).check();
        await writing.check();
        await page.getByRole("button", { name: `Allow ${APP}` }).click();
        await page.getByText("You may close this window.").waitFor();
        await page.goto(`${origin}/apps`);
      };

      await page.goto(asking);
      assert.equal(await writing.isChecked(), false);
      assert.equal(await waiting.isChecked(), true);
      await assertFits(page);
      await allow();
      const row = page.getByRole("row").filter({ hasText: APP });
      await row.getByText("Reads and writes (each change is reviewed)").waitFor();
      const hold = row.getByRole("button", { name: `Hold its changes for approval: ${APP}` });
      assert.equal(await hold.count(), 0);

      await page.goto(asking);
      await page.getByText("and write to Harbour shop after approval").waitFor();
      // By the keyboard alone.
      await waiting.focus();
      await page.keyboard.press("Space");
      assert.equal(await waiting.isChecked(), false);
      await allow();
      await hold.waitFor();
      await assertFits(page);
      await page.goto(asking);
      await page.getByText("Today it changes rows at once").waitFor();
      await page.goto(`${origin}/apps`);
      await hold.click();
      await page.getByText("What the app changes waits for approval from now on").waitFor();
      await row.getByText("Reads and writes (each change is reviewed)").waitFor();
      await assertFits(page);
      assert.deepEqual(complaints.filter((text) => !text.startsWith(`foreign: ${back}`)), []);
    },
  });
}
