import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { assertFits, browse, hasChromium, signUp } from "./browser.ts";

const PEOPLE = "id,name,country,pay,born\n1,Ada,NO,10.5,1990-01-01\n2,Bo,SE,20,1980-05-17\n" +
  "3,Cy,NO,30,1971-03-02\n4,Di,DK,40,1969-07-20\n";

/** What the browser says of a form that was sent with a fault: its status, as it should be. */
const EXPECTED = /console: Failed to load resource: the server responded with a status of 422/;

/** Somebody with an endpoint that holds people, on the page about access to it. */
async function openAccess(page: Page): Promise<void> {
  await signUp(page);
  await page.goto(new URL("/endpoints/new", page.url()).href);
  await page.getByLabel("Name (optional)").fill("Crew");
  await page.locator("input[type=file]").setInputFiles({
    name: "person.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(PEOPLE),
  });
  await page.getByRole("button", { name: "Create endpoint" }).click();
  await page.getByText("What was found").waitFor();
  await page.getByRole("link", { name: "Open the endpoint" }).click();
  await page.getByRole("link", { name: "Writing and field rules" }).click();
  await page.getByRole("heading", { name: "Access", level: 1 }).waitFor();
}

for (const javaScriptEnabled of [true, false]) {
  Deno.test({
    name: `field rules are previewed, saved and shown, ${
      javaScriptEnabled ? "with" : "without"
    } scripts`,
    ignore: !hasChromium(),
    async fn() {
      await using browsing = await browse({ javaScriptEnabled });
      const { page, complaints } = browsing;
      await openAccess(page);
      await page.getByText("All 5 open").waitFor();
      await page.getByRole("link", { name: "person" }).click();
      await page.getByText("4 of 4 rows are visible to agents").waitFor();

      await page.getByLabel("What agents may do with pay").selectOption("Hidden");
      await page.getByLabel("What agents may do with born").selectOption("Read only");
      await page.getByLabel("Delete rows").uncheck();
      await page.getByLabel("Column of condition 1").selectOption("country");
      await page.getByLabel("Value of condition 1").fill("NO");
      await page.getByLabel("Column of condition 2").selectOption("pay");
      await page.getByLabel("Comparison of condition 2").selectOption("is at least");
      await page.getByLabel("Value of condition 2").fill("much");
      await page.getByRole("button", { name: "Count the rows" }).click();
      await page.getByRole("alert").getByText("`pay` is numeric: send a number").waitFor();
      await page.getByLabel("Value of condition 2").fill("20");
      await page.getByRole("button", { name: "Count the rows" }).click();
      await page.getByText("1 of 4 rows would stay visible to agents").waitFor();
      await page.getByText("This is not saved yet").waitFor();
      await page.getByRole("button", { name: "Save rules" }).click();
      await page.getByText("The rules are saved").waitFor();

      const row = page.getByRole("row", { name: "person" });
      assert.match(
        await row.innerText(),
        /1 hidden, 1 read-only of 5\s+Filtered\s+Read; add, change once/,
      );
      await page.getByRole("link", { name: "person" }).click();
      assert.equal(await page.getByLabel("What agents may do with pay").inputValue(), "hidden");
      assert.equal(await page.getByLabel("Value of condition 2").inputValue(), "20");
      assert.equal(await page.getByLabel("Delete rows").isChecked(), false);
      await page.getByRole("link", { name: "Crew" }).click();
      await page.getByText("1 row, 4 columns").waitFor();
      assert.equal(await page.getByText("pay", { exact: true }).count(), 0);
      assert.deepEqual(complaints.filter((text) => !EXPECTED.test(text)), []);
    },
  });
}

Deno.test({
  name: "writing is turned on after a choice and off in two presses",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse({ viewport: { width: 375, height: 740 } });
    const { page, complaints } = browsing;
    await openAccess(page);
    await assertFits(page);
    assert(await page.getByLabel("Off", { exact: false }).first().isChecked());
    await page.getByLabel("After review").check();
    const writing = page.getByRole("region", { name: "Writing" });
    await writing.getByRole("button", { name: "Save" }).click();
    await page.getByText("The settings are saved").waitFor();
    assert(await page.getByLabel("After review").isChecked());
    await page.getByText("Stop all changes now").click();
    await assertFits(page);
    await page.getByRole("button", { name: "Turn writing off" }).click();
    await page.getByText("Writing is off").waitFor();
    assert.equal(await page.getByText("Stop all changes now").count(), 0);
    await page.getByRole("link", { name: "person" }).click();
    await page.getByText("4 of 4 rows").waitFor();
    await assertFits(page);
    assert.deepEqual(complaints, []);
  },
});
