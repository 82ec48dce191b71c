/** Applications that have a metadata document instead of registering. */
import assert from "node:assert/strict";
import { createSignInLink } from "../../lib/auth/mod.ts";
import { startHouse } from "../oauth/house.ts";
import { decide, openPage, startBrowser, TABLE } from "./person.ts";
import { Provider } from "./provider.ts";
import { V1, V2 } from "./sdk.ts";
import { cannotRun } from "./stage.ts";

const HOST = "client.example";

/** A key and a certificate for a host; null where nothing makes one. */
async function makeCertificate(): Promise<{ key: string; cert: string } | null> {
  const folder = await Deno.makeTempDir({ prefix: "bulkhead-certificate-" });
  try {
    const { success } = await new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-days", "2", "-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`],
        ...["-keyout", "key.pem", "-out", "cert.pem"],
      ],
      cwd: folder,
      stderr: "null",
    }).output();
    const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    return success ? { key: await read("key.pem"), cert: await read("cert.pem") } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const certificate = cannotRun ? null : await makeCertificate();

for (const sdk of [V1, V2]) {
  Deno.test({
    name: `${sdk.title} gets in with a metadata document, and registers nowhere`,
    ignore: !certificate,
    async fn() {
      await using stack = new AsyncDisposableStack();
      const { key, cert } = certificate!;
      // Only the address that the name resolves to is another than on the internet.
      const house = stack.use(
        await startHouse({
          allows: (address) => address === "127.0.0.1",
          resolve: (host) => Promise.resolve(host === HOST ? ["127.0.0.1"] : []),
          allowsPlain: false,
          ca: cert,
        }),
      );
      const asked: string[] = [];
      const site: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
        { hostname: "127.0.0.1", port: 0, key, cert, onListen: () => {} },
        (request): Response => {
          asked.push(new URL(request.url).pathname);
          return Response.json({ client_id: clientId, ...provider.clientMetadata });
        },
      );
      stack.defer(() => site.shutdown());
      const clientId = `https://${HOST}:${site.addr.port}/app.json`;
      const someone = await house.person();
      const endpoint = await house.endpoint(someone, TABLE.name);
      const provider = stack.use(new Provider("Documented app", new URL(endpoint.url), clientId));

      await assert.rejects(sdk.connect(provider), sdk.Unauthorized);
      const opened = provider.opened[0]!;
      assert.equal(opened.searchParams.get("client_id"), clientId);
      const browser = await startBrowser();
      stack.defer(() => browser.close());
      const page = await openPage(browser);
      await page.goto((await createSignInLink(house.services, someone.tenant)).href);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(/\/endpoints$/);
      await page.goto(opened.href);
      await page.getByText(`It is described at ${HOST}:${site.addr.port}`).waitFor();
      await decide(page, { app: provider.name });
      await sdk.finish(provider);
      const connection = await sdk.connect(provider);
      assert.ok((await connection.tools()).includes("describe_tables"));
      assert.deepEqual(asked, ["/app.json"], "fetched once, then remembered");
      await connection.close();
    },
  });
}
