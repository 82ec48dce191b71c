import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { assertFits, browse, hasChromium, signUp } from "./browser.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;

const FILE = {
  name: `shop ${HOSTILE}.csv`.replaceAll("/", ""),
  mimeType: "text/csv",
  buffer: Buffer.from(
    `id,name,"${HOSTILE.replaceAll('"', '""')}"\n1,Anchor,12.50\n2,"${
      HOSTILE.replaceAll('"', '""')
    }",3.10\n3,Buoy,7\n4,${HOSTILE.replaceAll('"', "'")},too,many\n`,
  ),
};

/** Asks the endpoint as an agent would; answers the status. */
async function ask(mcpUrl: string, token: string): Promise<number> {
  const answer = await fetch(mcpUrl, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "test", version: "1" },
      },
    }),
  });
  await answer.body?.cancel();
  return answer.status;
}

async function mint(page: Page): Promise<string> {
  await page.getByRole("link", { name: "Create a token for this endpoint" }).click();
  await page.getByRole("heading", { name: "Create token" }).waitFor();
  // Bound to the endpoint that it was asked for on, and able to do nothing until somebody says so.
  assert(await page.getByLabel("Only the endpoints ticked below").isChecked());
  assert(!await page.getByLabel("Every endpoint of the team").isChecked());
  assert.equal(await page.locator("[name=endpoints]:checked").count(), 1);
  assert.equal(
    await page.locator("[name=permissions]:checked, [name=abilities]:checked").count(),
    0,
  );
  await page.getByRole("textbox", { name: "Name" }).fill("Claude on the laptop");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Choose what it may do.").waitFor();
  assert.equal(
    await page.getByRole("textbox", { name: "Name" }).inputValue(),
    "Claude on the laptop",
  );
  await page.getByRole("radio", { name: /^Read Look at tables/ }).check();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("This is the only time that it is shown").waitFor();
  const token = await page.locator("section", { hasText: "Treat it as a password" }).locator("pre")
    .innerText();
  assert.match(token, /^bhd_pat_[0-9A-Za-z]{36}$/);
  return token;
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out").waitFor();
  await page.goto(new URL("/endpoints", page.url()).href);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
}

/** What the browser says of a form that was sent with a fault: its status, as it should be. */
const EXPECTED = /console: Failed to load resource: the server responded with a status of 422/;

for (const javaScriptEnabled of [true, false]) {
  Deno.test({
    name: `the way from a file to a token, ${javaScriptEnabled ? "with" : "without"} scripts`,
    ignore: !hasChromium(),
    async fn() {
      await using browsing = await browse({ javaScriptEnabled });
      const { page, complaints } = browsing;
      await signUp(page);

      await page.getByRole("link", { name: "New endpoint" }).click();
      await page.getByLabel("Name (optional)").fill(`Ship's ${HOSTILE}`);
      await page.locator("input[type=file]").setInputFiles(FILE);
      await page.getByRole("button", { name: "Create endpoint" }).click();
      await page.getByText("What was found").waitFor();
      assert.match(
        new URL(page.url()).pathname,
        /^\/endpoints\/[a-z0-9-]+\/ingests\/[0-9a-f-]{36}$/,
      );
      await page.getByText("4 fields where 3 columns are").waitFor();

      await page.getByRole("link", { name: "Open the endpoint" }).click();
      await page.getByText("3 rows, 3 columns").waitFor();
      await page.getByRole("cell", { name: HOSTILE, exact: true }).waitFor();
      await page.getByText("describe_tables", { exact: true }).waitFor();
      assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), `Ship's ${HOSTILE}`);
      const mcpUrl = await page.locator("pre").first().innerText();
      const token = await mint(page);
      assert.equal(await ask(mcpUrl, token), 200);
      assert((await page.content()).includes(`Bearer ${token}`), "the snippets carry the token");

      await page.reload();
      assert.equal(new URL(page.url()).pathname, "/tokens");
      assert(!(await page.content()).includes(token), "it is shown once");
      await page.getByText("Revoke", { exact: true }).click();
      await page.getByRole("button", { name: "Revoke Claude on the laptop now" }).click();
      await page.getByText("The token is revoked").waitFor();
      assert.equal(await ask(mcpUrl, token), 401);

      await signOut(page);
      assert.deepEqual(complaints.filter((text) => !EXPECTED.test(text)), []);
    },
  });
}

Deno.test({
  name: "a file that is dropped is loaded, and a fault of the upload is told",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse();
    const { page, complaints } = browsing;
    await signUp(page);
    await page.goto(new URL("/endpoints/new", page.url()).href);
    await page.getByText("Drop a file here, or choose one").waitFor();

    await page.route("**/endpoints/new", (route) => route.abort(), { times: 1 });
    await page.locator("input[type=file]").setInputFiles(FILE);
    await page.getByRole("button", { name: "Create endpoint" }).click();
    await page.getByRole("alert").getByText("The upload broke off").waitFor();
    complaints.length = 0;

    const dropped = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["id,name\n1,Anchor\n2,Rope\n"], "dropped.csv"));
      return transfer;
    });
    await page.dispatchEvent(".drop", "drop", { dataTransfer: dropped });
    await page.getByRole("button", { name: "Create endpoint" }).click();
    await page.getByRole("heading", { name: "dropped.csv" }).waitFor();
    await page.getByText("What was found").waitFor();
    await page.getByRole("link", { name: "Open the endpoint" }).click();
    await page.getByText("2 rows, 2 columns").waitFor();

    await page.getByRole("button", { name: "Copy: MCP URL" }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, await page.locator("pre").first().innerText());
    assert.deepEqual(complaints, []);
  },
});

Deno.test({
  name: "an endpoint is rebuilt, renamed, linked and deleted from its page",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse();
    const { page, complaints } = browsing;
    await signUp(page);
    await page.goto(new URL("/endpoints/new", page.url()).href);
    const tables = {
      person: [{ id: 1, name: "Ada", boss: null }, { id: 2, name: "Eve", boss: 1 }],
    };
    await page.locator("input[type=file]").setInputFiles({
      name: "people.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(tables)),
    });
    await page.getByRole("button", { name: "Create endpoint" }).click();
    await page.getByText("What was found").waitFor();
    await page.getByRole("link", { name: "Open the endpoint" }).click();

    await page.getByRole("button", { name: "Rebuild now" }).click();
    await page.getByText("The tools were rebuilt").waitFor();

    await page.getByLabel("Column", { exact: true }).selectOption({ label: "person.boss" });
    await page.getByLabel("Points to").selectOption({ label: "person.id" });
    await page.getByRole("button", { name: "Declare foreign key" }).click();
    await page.getByText("The foreign key is declared").waitFor();
    await page.getByText("→ person.id").waitFor();

    await page.getByRole("textbox", { name: "Name" }).fill("Crew");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The settings are saved").waitFor();
    await page.getByRole("heading", { name: "Crew", level: 1 }).waitFor();

    await page.getByText("Delete this endpoint").click();
    await page.getByRole("button", { name: "Delete for good" }).click();
    await page.getByText("are deleted").waitFor();
    await page.getByText("No endpoints yet").waitFor();
    assert.deepEqual(complaints, []);
  },
});

Deno.test({
  name: "pages fit a narrow window, start with a skip link and name their landmarks",
  ignore: !hasChromium(),
  async fn() {
    await using browsing = await browse({ viewport: { width: 320, height: 740 } });
    const { page, complaints } = browsing;
    const check = async (path: string) => {
      await page.goto(new URL(path, page.url()).href);
      await assertFits(page);
      assert.equal(await page.getByRole("main").count(), 1, path);
      assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1, path);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "main", path);
    };
    const open = ["/", "/sign-in", "/sign-up", "/sign-up/code", "/sign-in/mail", "/team/roles"];
    for (const path of open) {
      await check(path);
    }
    await page.goto(new URL("/", page.url()).href);
    await signUp(page);
    const own = ["/endpoints", "/endpoints/new", "/tokens", "/tokens/new", "/team", "/activity"];
    for (const path of [...own, "/apps", "/account", "/account/security", "/team/roles"]) {
      await check(path);
    }
    assert.deepEqual(complaints, []);
  },
});
