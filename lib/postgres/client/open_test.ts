import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { connect as tcpConnect, createServer } from "node:net";
import { TLSSocket } from "node:tls";
import { testCluster } from "../../../tests/harness/mod.ts";
import { ReadPool, targetOf } from "./mod.ts";
import { openSession } from "./open.ts";
import { Scram } from "./scram.ts";
import { message } from "./writer.ts";

/** A server that sends bytes to whoever comes, and hangs up. */
function serve(answers: readonly Uint8Array[]) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const done = (async () => {
    for await (const socket of listener) {
      try {
        for (const answer of answers) {
          if (await socket.read(new Uint8Array(1000)) === null) break;
          await socket.write(answer);
        }
        socket.close();
      } catch {
        // The client was quicker.
      }
    }
  })();
  return {
    url: `postgres://u:p@127.0.0.1:${listener.addr.port}/d`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
    },
  };
}

const sasl = message("R", 10, "SCRAM-SHA-256\0\0");

Deno.test("openSession() gives up on what is no Postgres, and sends no password in the clear", async () => {
  const hostile: Record<string, readonly Uint8Array[]> = {
    silence: [],
    http: [new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")],
    "a password in the clear": [message("R", 3)],
    md5: [message("R", 5, "salt")],
    "another mechanism": [message("R", 10, "SCRAM-SHA-1\0\0")],
    "a nonce of its own": [sasl, message("R", 11, "r=abc,s=c2FsdA==,i=4096")],
    "endless rounds": [sasl, message("R", 11, "r=abc,s=c2FsdA==,i=99999999999")],
    "no message": [sasl, message("R", 11, "hello")],
    "a proof before the exchange": [message("R", 12, "v=AAAA")],
    "a short message": [message("R")],
    "a transaction": [message("T")],
  };
  for (const [name, answers] of Object.entries(hostile)) {
    await using server = serve(answers);
    await assert.rejects(openSession(targetOf(server.url), {}), Error, name);
  }
});

Deno.test("Scram refuses a server that does not know the password", async () => {
  const salt = randomBytes(16);
  for (const [password, right] of [["pencil", true], ["other", false]] as const) {
    const client = new Scram("pencil");
    const first = client.first().slice("n,,".length);
    const serverFirst = `r=${first.slice("n=*,r=".length)}more,s=${salt.toString("base64")},i=4096`;
    const final = await client.final(serverFirst);
    const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
    const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
    const said = `${first},${serverFirst},${final.replace(/,p=.*/, "")}`;
    const signature = hmac(hmac(salted, "Server Key"), said).toString("base64");
    if (right) {
      client.verify(`v=${signature}`);
      // The proof is the one that the server's verifier takes.
      const stored = createHash("sha256").update(hmac(salted, "Client Key")).digest();
      const key = Uint8Array.fromBase64(final.split("p=")[1]!)
        .map((byte, at) => byte ^ hmac(stored, said)[at]!);
      assert.deepEqual(createHash("sha256").update(key).digest(), stored);
    } else {
      assert.throws(() => client.verify(`v=${signature}`), /did not prove/);
    }
    for (const text of ["", "v=", "e=other-error", "v=AAAA"]) {
      assert.throws(() => client.verify(text), /did not prove/);
    }
  }
});

Deno.test("targetOf() reads what a URL says, and refuses an sslmode that is none", () => {
  assert.deepEqual(targetOf("postgres://a%40b:p%2Fw@[::1]:6432/my%20db?sslmode=require"), {
    host: "::1",
    port: 6432,
    user: "a@b",
    password: "p/w",
    database: "my db",
    tls: "verified",
    rootCertificate: null,
  });
  assert.equal(targetOf("postgres://a@h").database, "a");
  assert.equal(targetOf("postgres://a@h").port, 5432);
  assert.throws(() => targetOf("postgres://a@h/d?sslmode=yes"));
});

/** A certificate for localhost that nobody has signed, made by openssl; null where there is none. */
async function makeCertificate(folder: string) {
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const made = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"],
      ...[
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
      ],
    ],
    stderr: "null",
    stdout: "null",
  }).output().catch(() => null);
  return made?.success
    ? { path: cert, key: await Deno.readTextFile(key), cert: await Deno.readTextFile(cert) }
    : null;
}

Deno.test("a session over TLS needs a certificate that is trusted", async (t) => {
  const folder = await Deno.makeTempDir();
  const certificate = await makeCertificate(folder);
  const behind = new URL((await testCluster()).superuserUrl);
  const reached = { count: 0 };
  const proxy = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (request: Uint8Array) => {
      // SSLRequest, or a startup message of who does not ask.
      if (request.length !== 8 || !certificate) return socket.destroy();
      socket.write("S");
      const secure = new TLSSocket(socket, { isServer: true, ...certificate });
      const postgres = tcpConnect(Number(behind.port), behind.hostname);
      secure.on("error", () => postgres.destroy());
      postgres.on("error", () => secure.destroy());
      secure.once("data", () => reached.count++);
      secure.pipe(postgres).pipe(secure);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as { port: number };
  const urlOf = (mode: string, root?: string) => {
    const url = new URL(behind);
    url.hostname = "localhost";
    url.port = String(port);
    url.searchParams.set("sslmode", mode);
    if (root) url.searchParams.set("sslrootcert", root);
    return url.href;
  };
  try {
    await t.step({
      name: "and works where it is",
      ignore: certificate === null,
      async fn() {
        const pool = new ReadPool({
          target: targetOf(urlOf("verify-full", certificate!.path)),
          settings: {},
          quick: 1,
          slow: 1,
          quickMs: 1000,
          slowMs: 1000,
          idleMs: 1000,
        });
        const { signal } = new AbortController();
        const statement = { text: "SELECT 7", values: [] };
        assert.deepEqual(await pool.query(statement, { quick: true, signal }), [["7"]]);
        assert.deepEqual(await pool.query(statement, { quick: false, signal }), [["7"]]);
        pool.end();
        assert.equal(reached.count, 2);
      },
    });
    await t.step({
      name: "and sends nothing where it is not",
      ignore: certificate === null,
      async fn() {
        reached.count = 0;
        await assert.rejects(openSession(targetOf(urlOf("require")), {}));
        assert.equal(reached.count, 0);
      },
    });
    await t.step("and does not go on in the clear", async () => {
      await using server = serve([new TextEncoder().encode("N")]);
      const url = `${server.url}?sslmode=require`;
      await assert.rejects(openSession(targetOf(url), {}), /does not encrypt|hung up/);
    });
  } finally {
    proxy.close();
    await Deno.remove(folder, { recursive: true });
  }
});
