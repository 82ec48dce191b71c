import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Browser, chromium, type Page } from "playwright-core";
import { ARGS, CHROMIUM, enterCode } from "../browser/browser.ts";

const EMAIL = "ada@example.com";
const PASSWORD = "a lighthouse keeper's lantern";

/** What every client is asked to count. */
export const TABLE = { name: "chandlery", rows: 3 } as const;

const FILE = {
  name: `${TABLE.name}.csv`,
  mimeType: "text/csv",
  buffer: Buffer.from("id,name\n1,Anchor\n2,Rope\n3,Buoy\n"),
};

/** What somebody does on the consent page. */
export interface Decision {
  /** The name under which the app asks. */
  readonly app: string;
  readonly write?: boolean;
  /** Whether what it writes may happen at once. */
  readonly direct?: boolean;
  readonly refuse?: boolean;
}

/** Somebody with a browser, an account, and an endpoint in it. */
export interface Person extends AsyncDisposable {
  readonly email: string;
  /** What is handed to a client: nothing else is. */
  readonly mcpUrl: URL;
  /**
   * Opens what a client has opened, in a browser that knows nothing of us: signs in and decides. Done
   * once the browser has shown what the client answers at its redirect.
   */
  authorize(url: URL, decision: Decision): Promise<void>;
  /** Turns writing on for the endpoint. */
  letWrite(): Promise<void>;
  /** What the page of connected apps says of an app, one text for each of its rows. */
  connections(app: string): Promise<string[]>;
  disconnect(app: string): Promise<void>;
}

/** Signs in on the page that asks for it. */
async function signInByPassword(page: Page): Promise<void> {
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await page.getByLabel("E-mail address").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Decides on the consent page, and waits until the browser is where the client listens. */
export async function decide(page: Page, { app, write, direct, refuse }: Decision): Promise<void> {
  const { origin } = new URL(page.url());
  await page.getByRole("heading", { name: `Authorize “${app}”?` }).waitFor();
  assert.equal(await page.getByRole("checkbox", { name: TABLE.name }).isChecked(), true);
  const writing = page.getByLabel("Also let it insert, change and delete rows");
  if (await writing.count()) assert.equal(await writing.isChecked(), false);
  if (write) await writing.check();
  const reviewing = page.getByLabel("Each change waits until somebody here approves it");
  if (await reviewing.count()) assert.equal(await reviewing.isChecked(), true);
  if (direct) await reviewing.uncheck();
  await page.getByRole("button", { name: refuse ? "Deny" : `Allow ${app}`, exact: true }).click();
  // The refusal is told by a link that names where it leads.
  if (refuse) await page.getByRole("link", { name: /^(Continue|Go back) to / }).click();
  await page.waitForURL((url) => url.origin !== origin);
}

/** Opens a page in a browser that knows nothing of us. */
export async function openPage(browser: Browser): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

/** Starts the browser. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

async function signUp(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/sign-up`);
  await page.getByLabel("E-mail address").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await enterCode(page);
}

async function makeEndpoint(page: Page, origin: string): Promise<URL> {
  await page.goto(`${origin}/endpoints/new`);
  await page.locator("input[type=file]").setInputFiles(FILE);
  await page.getByRole("button", { name: "Create endpoint" }).click();
  await page.getByText("What was found").waitFor();
  await page.getByRole("link", { name: "Open the endpoint" }).click();
  await page.getByText("3 rows, 2 columns").waitFor();
  return new URL(await page.locator("pre").first().innerText());
}

/** Makes an account and an endpoint with a table, all of it in the browser. */
export async function newPerson(origin: string): Promise<Person> {
  await using stack = new AsyncDisposableStack();
  const browser = await startBrowser();
  stack.defer(() => browser.close());
  const home = await openPage(browser);
  await signUp(home, origin);
  const mcpUrl = await makeEndpoint(home, origin);
  const kept = stack.move();
  return {
    email: EMAIL,
    mcpUrl,
    async authorize(url, decision) {
      const page = await openPage(browser);
      await page.goto(url.href);
      await signInByPassword(page);
      await decide(page, decision);
      await page.context().close();
    },
    async letWrite() {
      const slug = mcpUrl.pathname.split("/").at(-1);
      await home.goto(`${origin}/endpoints/${slug}/access`);
      const writing = home.getByRole("region", { name: "Writing" });
      await writing.getByRole("radio", { name: /^At once/ }).check();
      await writing.getByRole("button", { name: "Save" }).click();
      await home.getByText("The settings are saved").waitFor();
    },
    async connections(app) {
      await home.goto(`${origin}/apps`);
      await home.getByRole("heading", { name: "Apps", level: 1 }).waitFor();
      return await home.getByRole("row").filter({ hasText: app }).allInnerTexts();
    },
    async disconnect(app) {
      await home.goto(`${origin}/apps`);
      await home.getByRole("button", { name: `Disconnect ${app} of ${EMAIL}` }).click();
      await home.getByText("The app is disconnected").waitFor();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
