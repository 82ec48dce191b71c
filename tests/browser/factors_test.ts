import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { codeOf, growOld } from "../flows/factors_setup.ts";
import { assertFits, browse, type Browsing, hasChromium, signUp } from "./browser.ts";

const PASSWORD = "correct horse battery";
const ADA = "ada@example.com";
const SHOTS = Deno.env.get("SCREENSHOTS");

/** Keeps a picture of a page, where one is asked for. */
async function look(page: Page, name: string): Promise<void> {
  await assertFits(page);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

/** Gives the browser a device with passkeys that answers by itself, its person verified. */
async function addDevice(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

const at = (browsing: Browsing, path: string) => browsing.page.goto(browsing.origin + path);

Deno.test({
  name: "a passkey is registered, signs in, and verifies an identity; what was sent goes on",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse({}, "localhost");
    const { page, complaints } = browsing;
    await signUp(page);
    await addDevice(page);
    await at(browsing, "/account/security");
    await look(page, "security_off");
    await page.getByRole("link", { name: "Add a passkey" }).click();
    await page.getByLabel("Name").fill("This laptop");
    await look(page, "passkey_new");
    await page.getByRole("button", { name: "Create passkey" }).click();
    await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
    await look(page, "recovery_codes");
    await page.getByRole("link", { name: "I have kept them" }).click();
    await page.getByText("This laptop").waitFor();
    await look(page, "security_on");

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in/);
    await look(page, "sign_in");
    // The device may answer the offer in the address field by itself: either way it signs in.
    await page.getByRole("button", { name: "Sign in with a passkey" }).click({ timeout: 2000 })
      .catch(() => {});
    await page.waitForURL(/\/endpoints/);

    await growOld(browsing);
    await at(browsing, "/tokens/new");
    await page.getByRole("textbox", { name: "Name" }).fill("Reads all");
    await page.getByLabel("Every endpoint of the team").check();
    await page.getByRole("radio", { name: /^Read Look at tables/ }).check();
    await page.locator("main form button[type=submit]").click();
    await page.getByRole("heading", { name: "Verify your identity" }).waitFor();
    await look(page, "verify");
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await page.waitForURL(/\/tokens\/minted/);
    await page.getByText("Reads all").first().waitFor();
    assert.deepEqual(complaints, []);
  },
});

for (const javaScriptEnabled of [true, false]) {
  Deno.test({
    name: `an authenticator app is set up and asked for, ${
      javaScriptEnabled ? "with" : "without"
    } scripts`,
    ignore: !hasChromium(),
    async fn() {
      const colorScheme = javaScriptEnabled ? "light" : "dark";
      const viewport = { width: 320, height: 700 };
      await using browsing = await browse({ javaScriptEnabled, colorScheme, viewport });
      const { page } = browsing;
      const name = `app_${colorScheme}`;
      await signUp(page);
      await at(browsing, "/account/security");
      await page.getByRole("button", { name: "Set up an authenticator app" }).click();
      await page.getByRole("img", { name: "QR code" }).waitFor();
      await look(page, `${name}_setup`);
      const secret = await page.getByRole("group", { name: "Key" }).innerText();
      await page.getByLabel("Code", { exact: true }).fill(codeOf(secret));
      await page.getByRole("button", { name: "Turn on" }).click();
      await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
      const codes = (await page.getByRole("group", { name: "Recovery codes" }).innerText())
        .trim().split("\n");
      assert.equal(codes.length, 10);
      await page.getByRole("link", { name: "I have kept them" }).click();
      await look(page, `${name}_security`);

      await page.getByRole("button", { name: "Sign out" }).click();
      const enter = async (code: string) => {
        await page.getByLabel("E-mail address").fill(ADA);
        await page.getByLabel("Password").fill(PASSWORD);
        await page.getByRole("button", { name: "Sign in", exact: true }).click();
        await page.getByRole("heading", { name: "Two-factor authentication" }).waitFor();
        await look(page, `${name}_verify`);
        await page.getByLabel("Two-factor code").fill(code);
        await page.getByRole("button", { name: "Sign in", exact: true }).click();
        await page.waitForURL(/\/endpoints/);
      };
      await enter(codeOf(secret, Date.now() + 30_000));
      await page.getByRole("button", { name: "Sign out" }).click();
      await enter(codes[0]!);

      await growOld(browsing);
      await at(browsing, "/account");
      await at(browsing, "/account/security");
      await page.getByRole("button", { name: "Create new recovery codes" }).click();
      await page.getByRole("heading", { name: "Verify your identity" }).waitFor();
      await look(page, `${name}_confirm`);
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByLabel("Two-factor code").fill(codes[1]!);
      await page.getByRole("button", { name: "Verify" }).click();
      if (!javaScriptEnabled) await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Keep these codes now").waitFor();

      await at(browsing, "/team");
      await page.getByText("Require it of every member").click();
      await look(page, `${name}_team`);
      await page.getByRole("button", { name: "Require it" }).click();
      await page.getByText("From now on members need").waitFor();
    },
  });
}
