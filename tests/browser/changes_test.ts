import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { createEndpoint, enterEndpoint } from "../../lib/endpoints/mod.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { callTool, loadManifest, setWrites } from "../../lib/tools/mod.ts";
import { requestOf } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { assertFits, browse, hasChromium, signUp } from "./browser.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;

/** An endpoint of whoever is signed in, and an agent that has changed two rows of it. */
async function changed(page: Page, services: Services) {
  const cookies = await page.context().cookies();
  const session = cookies.find(({ name }) => name === "bulkhead_session")!.value;
  const scope = requestOf(principalOf((await readSession(services, session))!));
  const made = await createEndpoint(services, scope, "Harbour shop");
  await loadTables(
    services,
    made,
    `CREATE TABLE item (id int PRIMARY KEY, name text, "a column with quite a long name" text);
     INSERT INTO item VALUES (1, 'Rope', repeat('long ', 200)), (2, 'Anchor', NULL)`,
  );
  await setWrites(services, made, "direct");
  const { slug, id } = made.endpoint;
  const { view } = await mintToken(services, scope, {
    name: HOSTILE,
    scope: "mcp:write",
    abilities: ["rows:read", "rows:update"],
    endpoints: [id],
  });
  const entered = await enterEndpoint(services, scope, slug);
  const { abilities, name: label } = view;
  const principal = {
    ...entered.principal,
    kind: "mcp" as const,
    tokenId: view.id,
    label,
    abilities: new Set(abilities),
  };
  const agent = { ...entered, principal };
  const answer = await callTool(
    services,
    agent,
    await loadManifest(services, agent),
    "update_rows",
    {
      table: "item",
      filter: { column: "id", op: "gt", value: 0 },
      values: { name: HOSTILE },
      expected_count: 2,
    },
  );
  assert.equal(answer.isError, false, answer.text);
  return { path: `/endpoints/${slug}`, tokenId: view.id };
}

for (const javaScriptEnabled of [true, false]) {
  Deno.test({
    name: `a change is taken back in a narrow window, ${
      javaScriptEnabled ? "with" : "without"
    } scripts`,
    ignore: !hasChromium(),
    async fn() {
      await using browsing = await browse({
        javaScriptEnabled,
        viewport: { width: 360, height: 740 },
      });
      const { page, complaints, services, origin } = browsing;
      await signUp(page);
      const { path, tokenId } = await changed(page, services);
      const fits = async () => {
        if (javaScriptEnabled) await assertFits(page);
        assert.notEqual(await page.title(), "owned");
      };

      await page.goto(`${origin}${path}`);
      await page.getByRole("link", { name: "Changes" }).click();
      await page.getByText("Take back since a time").waitFor();
      await fits();
      await page.getByRole("link", { name: "2 rows changed in item" }).click();
      await page.getByText("2 columns the same as before").first().waitFor();
      assert.equal(await page.getByRole("cell", { name: HOSTILE, exact: true }).count(), 2);
      await fits();
      await page.getByRole("link", { name: "Undo…", exact: true }).click();
      await page.getByText("Everything was tried just now").waitFor();
      await fits();
      await page.getByRole("button", { name: "Take back 2 rows" }).click();
      await page.getByText("It is taken back").waitFor();
      await page.getByRole("heading", { name: "Undo", level: 1 }).waitFor();
      await fits();

      await page.getByRole("link", { name: "Changes" }).click();
      await page.getByText("Taken back", { exact: true }).waitFor();
      await page.locator("form").getByLabel("Who").last().selectOption(`token:${tokenId}`);
      await page.getByLabel("Since (UTC)").fill("2020-01-01T00:00");
      await page.getByRole("button", { name: "Preview" }).click();
      await page.getByText("There is nothing to take back").waitFor();

      await page.goto(`${origin}/tokens/${tokenId}/leaked`);
      await page.getByText("It still works").waitFor();
      await fits();
      await page.getByRole("link", { name: "Preview the undo" }).click();
      await page.getByText("There is nothing to take back").waitFor();
      await page.goto(`${origin}/tokens/${tokenId}/leaked`);
      await page.getByRole("button", { name: "Revoke it and create a replacement" }).click();
      await page.getByText("This is the only time that it is shown").waitFor();
      assert.deepEqual(complaints, []);
    },
  });
}
