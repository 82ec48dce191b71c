import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { createEndpoint, enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { callTool, loadManifest, setWrites } from "../../lib/tools/mod.ts";
import { requestOf } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { assertFits, browse, hasChromium, signUp } from "./browser.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;

/** An endpoint under review of whoever is signed in, and what calls its tools as an agent. */
async function reviewed(page: Page, services: Services) {
  const cookies = await page.context().cookies();
  const session = cookies.find(({ name }) => name === "bulkhead_session")!.value;
  const scope = requestOf(principalOf((await readSession(services, session))!));
  const made = await createEndpoint(services, scope, "Harbour shop");
  await loadTables(
    services,
    made,
    `CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(10, 2), stock int);
     INSERT INTO item SELECT n, 'Rope ' || n || ' mm', n * 1.25, n * 10 FROM generate_series(1, 30) n`,
  );
  await setWrites(services, made, "review");
  const { view } = await mintToken(services, scope, {
    name: `Stock agent ${HOSTILE}`,
    scope: "mcp:write",
    abilities: ["rows:read", "rows:insert", "rows:update", "rows:delete"],
    endpoints: [made.endpoint.id],
  });
  const entered = await enterEndpoint(services, scope, made.endpoint.slug);
  const agent: EndpointScope = {
    ...entered,
    principal: {
      ...entered.principal,
      kind: "mcp",
      tokenId: view.id,
      label: view.name,
      abilities: new Set(view.abilities),
    },
  };
  return {
    path: `/endpoints/${made.endpoint.slug}`,
    async ask(tool: string, args: Record<string, unknown>) {
      const manifest = await loadManifest(services, agent);
      const answer = await callTool(services, agent, manifest, tool, { table: "item", ...args });
      assert.equal(answer.isError, false, answer.text);
    },
    async owner(query: string) {
      const lease = await openEndpoint(services, made, "owner");
      try {
        return await lease.sql.unsafe(query);
      } finally {
        lease.release();
      }
    },
  };
}

const price = (key: number, value: number) => ({ key, values: { price: value } });

for (const javaScriptEnabled of [true, false]) {
  Deno.test({
    name: `what waits is approved and rejected in a narrow window, ${
      javaScriptEnabled ? "with" : "without"
    } scripts`,
    ignore: !hasChromium(),
    async fn() {
      await using browsing = await browse({
        javaScriptEnabled,
        viewport: { width: 375, height: 780 },
      });
      const { page, complaints, services, origin } = browsing;
      await signUp(page);
      const { path, ask, owner } = await reviewed(page, services);
      const fits = async () => {
        if (javaScriptEnabled) await assertFits(page);
        assert.notEqual(await page.title(), "owned");
      };
      await page.goto(`${origin}${path}/review`);
      await page.getByText("Nothing waits").waitFor();
      await ask("update_row", price(1, 99));
      await ask("update_row", { key: 2, values: { name: HOSTILE } });
      await ask("insert_rows", { rows: [{ id: 100, name: "Shackle", price: 4 }] });
      await ask("delete_rows", {
        filter: { column: "id", op: "between", value: [21, 30] },
        expected_count: 10,
      });
      await ask("update_row", price(3, 5));
      // With scripts they come by themselves, into a page that shows something else.
      if (!javaScriptEnabled) await page.reload();
      await page.getByRole("link", { name: "10 rows deleted from item" }).waitFor();
      assert.equal(await page.locator(".review").count(), 5);
      await fits();

      await page.getByRole("button", { name: "Approve: 1 row added to item" }).click();
      await page.getByText("Approved, and done").waitFor();
      assert.equal((await owner("SELECT FROM item WHERE id = 100")).length, 1);

      const ticks = page.locator(".review input[type=checkbox]");
      // Three of its ten rows stand in the list.
      await page.getByText("Approve without looking…").click();
      await page.getByRole("button", { name: "Approve unseen: 10 rows deleted" })
        .getByText("Approve 7 rows that I have not looked at").waitFor();
      await fits();
      await ticks.nth(2).check();
      await page.getByRole("button", { name: "Approve selected" }).click();
      await page.getByText("There are rows that you have not looked at").waitFor();
      assert.equal((await owner("SELECT FROM item")).length, 31);
      await page.getByText("You have looked at each").waitFor();
      await fits();
      await page.getByRole("navigation", { name: "Breadcrumb" }).getByText("Review").click();
      await ticks.nth(0).check();
      await ticks.nth(2).check();
      await page.getByRole("button", { name: "Approve selected" }).click();
      await page.getByText("Approved, and done").waitFor();
      assert.equal((await owner("SELECT FROM item")).length, 21);

      await owner("UPDATE item SET stock = 7 WHERE id = 3");
      await page.reload();
      await page.getByText("A row has been changed since.").waitFor();
      await page.getByText("Changed since", { exact: true }).waitFor();
      await fits();
      await page.getByRole("button", { name: "Look again" }).click();
      await page.getByText("This is what it would do").waitFor();
      await page.getByRole("button", { name: "Approve: 1 row changed in item" }).last().click();
      await page.getByText("Approved, and done").waitFor();

      await page.getByRole("link", { name: "1 row changed in item" }).click();
      await page.getByText("Who asked", { exact: true }).waitFor();
      await fits();
      await page.getByText("Reject…").click();
      await page.getByLabel("Why (optional)").fill(`not ${HOSTILE}`);
      await page.getByRole("button", { name: "Reject for good" }).click();
      await page.getByText("Nothing of it is done").waitFor();
      await page.getByText("Nothing waits").waitFor();
      await page.getByRole("link", { name: "Decided" }).click();
      await page.getByText(`“not ${HOSTILE}”`).waitFor();
      assert.equal(await page.getByText("Approved", { exact: true }).count(), 4);
      await fits();
      assert.deepEqual(complaints, []);
    },
  });
}

Deno.test({
  name: "a queue that changes while somebody looks keeps what they ticked",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse();
    const { page, complaints, services, origin } = browsing;
    await signUp(page);
    const { path, ask } = await reviewed(page, services);
    await ask("update_row", price(1, 99));
    await page.goto(`${origin}${path}/review`);
    await page.locator(".review input[type=checkbox]").check();
    await ask("update_row", price(2, 98));
    await page.locator(".review").nth(1).waitFor();
    assert.equal(await page.locator(".review input:checked").count(), 1);
    await page.getByRole("status").getByText("2 changes wait").waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Reject selected" }).click();
    await page.getByText("Nothing of it is done").waitFor();
    assert.equal(await page.locator(".review").count(), 1);
    assert.deepEqual(complaints, []);
  },
});
