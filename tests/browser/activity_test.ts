import assert from "node:assert/strict";
import { assertFits, browse, hasChromium, signUp } from "./browser.ts";

Deno.test({
  name: "the activity page tells of what is new while it is open, and of a session that ended",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse();
    const { page, complaints, origin } = browsing;
    await signUp(page);

    await page.goto(`${origin}/activity?action=team.renamed`);
    await page.getByText("Nothing that happened fits these filters").waitFor();
    const other = await page.context().newPage();
    await other.goto(`${origin}/team`);
    await other.getByLabel("Name of the team").fill("The crew");
    await other.getByRole("button", { name: "Rename" }).click();
    await other.getByText("The crew").first().waitFor();

    await page.bringToFront();
    const news = page.getByRole("status").filter({ hasText: "1 new entry." });
    await news.waitFor();
    await page.setViewportSize({ width: 375, height: 800 });
    await assertFits(page);
    await news.getByRole("link", { name: "Show" }).click();
    await page.getByText("Team renamed").last().waitFor();
    // The filter that was chosen holds on, and by keys alone it is taken away again.
    assert.equal(await page.getByLabel("What").inputValue(), "team.renamed");
    await page.getByLabel("What").focus();
    await page.getByRole("link", { name: "Show everything" }).press("Enter");
    await page.getByText("Account created").last().waitFor();
    assert.equal(new URL(page.url()).search, "");
    await assertFits(page);

    await other.getByRole("button", { name: "Sign out" }).click();
    await other.getByText("You are signed out").waitFor();
    await page.bringToFront();
    await page.getByText("You are signed out").waitFor();
    await page.getByRole("link", { name: "Sign in" }).click();
    assert.equal(new URL(page.url()).searchParams.get("next"), "/activity");
    // A refused poll is what the browser complains of, and nothing else.
    assert.deepEqual(complaints.filter((text) => !text.includes("status of 401")), []);
  },
});

Deno.test({
  name: "the activity page filters without scripts",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse({ javaScriptEnabled: false });
    const { page, complaints } = browsing;
    await signUp(page);
    await page.getByRole("link", { name: "Activity" }).click();
    await page.locator("summary", { hasText: "Filter" }).click();
    await page.getByLabel("What").selectOption("account.created");
    await page.getByLabel("Person").selectOption({ label: "ada@example.com" });
    await page.getByRole("button", { name: "Show" }).click();
    assert.equal(await page.locator("li.event").count(), 1);
    assert.equal(await page.getByLabel("What").inputValue(), "account.created");
    await page.getByLabel("Table").fill("none");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("Nothing that happened fits these filters").waitFor();
    assert.deepEqual(complaints, []);
  },
});
