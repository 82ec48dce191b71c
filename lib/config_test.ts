import assert from "node:assert/strict";
import { ConfigError, parseKey, readConfig, Secret } from "./config.ts";

const KEY = "bmV2ZXIgdXNlIHRoaXMga2V5IG91dHNpZGUgdGVzdHM=".slice(0, 43) + "=";

Deno.test("readConfig() has a default for everything", () => {
  const config = readConfig({});
  assert.equal(config.host, "127.0.0.1");
  assert.equal(config.port, 8000);
  assert.equal(config.baseUrl?.href, "http://127.0.0.1:8000/");
  assert.equal(config.dataDir, ".data");
  assert.equal(config.databaseUrl, null);
  assert.ok(Object.isFrozen(config));
});

Deno.test("readConfig() leaves the base URL open until the port is known", () => {
  assert.equal(readConfig({ PORT: "0" }).baseUrl, null);
  assert.equal(readConfig({ PORT: "0", BASE_URL: "https://b.example" }).baseUrl?.port, "");
});

Deno.test("readConfig() names every fault at once", () => {
  const read = () =>
    readConfig({
      PORT: "99999",
      BASE_URL: "ftp://b.example",
      DATABASE_URL: "mysql://x",
      BULKHEAD_MASTER_KEY: "secret",
      TRUSTED_PROXIES: "10.0.0.0/8, nonsense",
    });
  assert.throws(read, (error) => {
    assert.ok(error instanceof ConfigError);
    for (
      const name of ["PORT", "BASE_URL", "DATABASE_URL", "BULKHEAD_MASTER_KEY", "TRUSTED_PROXIES"]
    ) assert.ok(error.faults.some((fault) => fault.startsWith(name)), name);
    assert.ok(!error.message.includes("secret"));
    return true;
  });
});

Deno.test("readConfig() refuses plain http and a missing key where others can reach it", () => {
  assert.throws(() => readConfig({ BASE_URL: "http://b.example" }), ConfigError);
  assert.throws(
    () => readConfig({ BASE_URL: "https://b.example", DATABASE_URL: "postgres://db/x" }),
    ConfigError,
  );
  assert.ok(readConfig({ BASE_URL: "http://localhost:8000" }));
});

Deno.test("readConfig() reads lists and secrets", () => {
  const config = readConfig({
    ALLOWED_ORIGINS: "https://a.example, https://b.example:8443",
    DATABASE_URL: "postgres://admin:hunter2@db/x",
    BULKHEAD_MASTER_KEY: KEY,
  });
  assert.deepEqual([...config.allowedOrigins], ["https://a.example", "https://b.example:8443"]);
  const printed = Deno.inspect(config) + JSON.stringify(config) + `${config.databaseUrl}`;
  assert.ok(!printed.includes("hunter2") && !printed.includes(KEY));
  assert.equal(config.databaseUrl?.reveal(), "postgres://admin:hunter2@db/x");
});

Deno.test("parseKey() takes 32 bytes and refuses what is no random key", () => {
  assert.equal(parseKey(KEY)?.length, 32);
  assert.equal(parseKey("00".repeat(32)), null);
  assert.equal(parseKey("c2hvcnQ="), null);
  assert.equal(parseKey(crypto.getRandomValues(new Uint8Array(32)).toHex())?.length, 32);
});

Deno.test("readConfig() refuses a known master key where the site is public", () => {
  const env = (key: Uint8Array) => ({
    BASE_URL: "https://mcp.example",
    BULKHEAD_MASTER_KEY: Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  });
  const known = [
    new TextEncoder().encode("bulkhead-tests-only-32-byte-key!"),
    Uint8Array.from({ length: 32 }, (_, index) => index),
    Uint8Array.from({ length: 32 }, (_, index) => 255 - index),
  ];
  for (const key of known) {
    assert.throws(() => readConfig(env(key)), /BULKHEAD_MASTER_KEY must be random/);
    assert(readConfig({ ...env(key), BASE_URL: "http://127.0.0.1:8000" }).masterKey);
  }
  assert(readConfig(env(crypto.getRandomValues(new Uint8Array(32)))).masterKey);
});

Deno.test("readConfig() reads where mail goes out", () => {
  const mail = {
    SMTP_URL: "smtps://user:pass@mail.example:465",
    MAIL_FROM: "Bulkhead <a@b.example>",
  };
  assert.equal(readConfig({}).mail, null);
  assert.equal(readConfig(mail).mail?.smtpUrl.reveal(), mail.SMTP_URL);
  assert.equal(readConfig(mail).mail?.from, mail.MAIL_FROM);
  assert.equal(readConfig({ HSTS_SUBDOMAINS: "yes" }).hstsSubdomains, true);
  for (
    const wrong of [
      { SMTP_URL: "smtp://mail.example" },
      { ...mail, SMTP_URL: "https://mail.example" },
      { ...mail, MAIL_FROM: "nobody" },
      { ...mail, MAIL_FROM: "a@b.example\r\nBcc: c@d.example" },
      { HSTS_SUBDOMAINS: "maybe" },
    ]
  ) assert.throws(() => readConfig(wrong), /SMTP_URL|MAIL_FROM|HSTS_SUBDOMAINS/);
});

Deno.test("Secret never prints", () => {
  const secret = new Secret("hunter2");
  assert.ok(!`${secret}${JSON.stringify({ secret })}${Deno.inspect(secret)}`.includes("hunter2"));
});

Deno.test("readConfig() takes addresses and CIDR ranges for trusted proxies, and nothing like them", () => {
  const proxies = (text: string) => readConfig({ TRUSTED_PROXIES: text }).trustedProxies;
  const good = ["10.0.0.1", "10.0.0.0/8", "::1", "fd00::/8"];
  assert.deepEqual(proxies(good.join(", ")), good);
  for (const bad of ["10.0.0.0/33", "fd00::/129", "10.0.0", "abc", "10.0.0.0/8/8", "10.0.0.0/x"]) {
    assert.throws(() => proxies(bad), ConfigError, bad);
  }
});

Deno.test("readConfig() takes redirect schemes, and none on which a browser acts by itself", () => {
  const schemes = (text: string) => [...readConfig({ REDIRECT_SCHEMES: text }).redirectSchemes];
  assert.deepEqual(schemes(""), []);
  assert.deepEqual(schemes("ms-harbour, Web+Harbour:"), ["ms-harbour", "web+harbour"]);
  for (
    const wrong of ["javascript", "data:", "blob", "https", "view-source", "a b", "1x", "x://"]
  ) {
    assert.throws(() => schemes(wrong), /REDIRECT_SCHEMES must be URI schemes/, wrong);
  }
});
