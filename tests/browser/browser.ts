import assert from "node:assert/strict";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { serveIngests } from "../../lib/ingest/mod.ts";
import { listen } from "../../lib/start/listen.ts";
import type { Services } from "../../lib/services.ts";
import { rebuildManifest } from "../../lib/tools/mod.ts";
import { createHandler } from "../../routes/handler.ts";
import { type TestControl, testServices } from "../harness/mod.ts";

/** Where Chromium is; where it is not there, these tests are skipped. */
export const CHROMIUM = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** Whether there is a Chromium to test with. */
export function hasChromium(): boolean {
  try {
    return Deno.statSync(CHROMIUM).isFile;
  } catch {
    return false;
  }
}

/** Enters the code that the mailbox of the server has, on the page that asks for it. */
export async function enterCode(page: Page): Promise<void> {
  await page.getByRole("heading", { name: "Verify your email" }).waitFor();
  const mailbox = await page.context().newPage();
  await mailbox.goto(new URL("/mailbox", page.url()).href);
  const mail = mailbox.locator("article").first();
  // The page that asks comes before the mail: nobody waits for it to be made.
  for (let tries = 0; tries < 100 && !await mail.count(); tries++) await mailbox.reload();
  const code = /\b(\d{6})\b/.exec(await mail.innerText())?.[1];
  assert(code, "no code was mailed");
  await mailbox.close();
  await page.getByLabel("Code").fill(code);
  await page.getByRole("button", { name: "Verify and continue" }).click();
  await page.getByText("Your account is ready").waitFor();
}

/** Signs up from the first page. */
export async function signUp(page: Page, password = "correct horse battery"): Promise<void> {
  await page.getByRole("link", { name: "Create account" }).click();
  await page.getByLabel("E-mail address").fill("ada@example.com");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await enterCode(page);
}

/** How it is started: without a sandbox of its own, which containers have no rights for. */
export const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page of a real browser on a real server. */
export interface Browsing extends AsyncDisposable {
  readonly page: Page;
  readonly origin: string;
  readonly services: Services;
  readonly control: TestControl;
  /** Everything that the browser complained of: errors of scripts, of the console, of the policy. */
  readonly complaints: string[];
}

/**
 * Starts the whole server on throwaway data, and a browser on its first page.
 *
 * @param host The name that it is reached under: passkeys need one, no address.
 */
export async function browse(
  options: BrowserContextOptions = {},
  host = "127.0.0.1",
): Promise<Browsing> {
  const closing = new AsyncDisposableStack();
  const listener = listen("127.0.0.1", 0);
  const origin = `http://${host}:${listener.port}`;
  const test = closing.use(await testServices({ baseUrl: origin }));
  const { services } = test;
  const loads = await serveIngests(
    services,
    (scope) => rebuildManifest(services, scope, "data loaded").then(() => {}),
  );
  closing.defer(() => loads.stop());
  listener.serve(await createHandler(services));
  closing.defer(() => listener.close());
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  closing.defer(() => browser.close());
  const context = await browser.newContext({
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`foreign: ${request.url()}`);
  });
  page.setDefaultTimeout(20_000);
  await page.goto(origin);
  return {
    page,
    origin,
    services,
    control: test.control,
    complaints,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** Asserts that a page reads in one column: nothing is wider than the window. */
export async function assertFits(page: Page): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert(over <= 0, `${page.url()} is ${over} pixels too wide`);
}
