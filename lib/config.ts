import { isIP } from "node:net";
import { z } from "zod";
import { mayBeAllowed, type RedirectSchemes } from "./redirect_schemes.ts";

/** A text that never prints: not in logs, not in JSON, not in error messages. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The text itself. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return "[secret]";
  }
  toJSON(): string {
    return "[secret]";
  }
  [Symbol.for("Deno.customInspect")](): string {
    return "[secret]";
  }
}

/** What the environment decides. Frozen; made by `readConfig` alone. */
export interface Config {
  readonly host: string;
  /** 0 lets the system pick a free one. */
  readonly port: number;
  /** The public origin, without a path; null until the port is known (PORT=0 without BASE_URL). */
  readonly baseUrl: URL | null;
  /** Folder for everything that is kept on this machine. */
  readonly dataDir: string;
  /** The administrator's connection to the control database's cluster; null: embedded Postgres. */
  readonly databaseUrl: Secret | null;
  /** 32 bytes as base64 or hex; null: a key file under the data folder. */
  readonly masterKey: Secret | null;
  /** Origins that may call besides our own. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-For` and `-Proto` are believed. */
  readonly trustedProxies: readonly string[];
  /** Where mail goes out, and whom it is from; null: no mail, or a mailbox page on loopback. */
  readonly mail: { readonly smtpUrl: Secret; readonly from: string } | null;
  /** URI schemes at which apps may be answered besides those that are apps' own. */
  readonly redirectSchemes: RedirectSchemes;
  /** Whether browsers shall insist on https for the hosts below ours too. */
  readonly hstsSubdomains: boolean;
  /** Where signed anchors of the audit log are pushed; null: nowhere. */
  readonly anchorWebhook: URL | null;
  /** Where log lines go; null: to a file if a person watches standard error, else to that. */
  readonly log: "stderr" | "file" | null;
}

/** Every fault of an environment, told at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly faults: readonly string[]) {
    super(`The environment is not valid:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  }
}

const origin = z.string().transform((text, ctx) => {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    ctx.addIssue({
      code: "custom",
      message: "must be an http(s) origin such as https://mcp.example",
    });
    return z.NEVER;
  }
  if (url.pathname !== "/") {
    ctx.addIssue({ code: "custom", message: "must be an origin without a path" });
    return z.NEVER;
  }
  return url;
});

const list = z.string().transform((text) => text.split(",").map((s) => s.trim()).filter(Boolean));

const masterKey = z.string().transform((text, ctx) => {
  if (!parseKey(text)) {
    ctx.addIssue({ code: "custom", message: "must be 32 random bytes as base64 or 64 hex digits" });
    return z.NEVER;
  }
  return new Secret(text);
});

function isNetwork(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const isPrefix = prefix === undefined || /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
  return bits > 0 && isPrefix && rest.length === 0;
}

const networks = list.pipe(z.array(
  z.string().refine(isNetwork, "must be addresses or CIDR ranges"),
));

const webhook = z.string().transform((text, ctx) => {
  const url = URL.parse(text);
  const safe = url?.protocol === "https:" || url?.protocol === "http:" && isLoopback(url.hostname);
  if (!url || !safe || url.username || url.password || url.hash) {
    ctx.addIssue({ code: "custom", message: "must be an https:// URL, or http:// on loopback" });
    return z.NEVER;
  }
  return url;
});

const schemes = list.pipe(z.array(
  z.string().transform((text) => text.toLowerCase().replace(/:$/, "")).refine(
    mayBeAllowed,
    "must be URI schemes such as my-app, and none on which a browser acts by itself",
  ),
));

const mailAddress = z.string().max(320).regex(
  /^(?:[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/,
  "must be an address such as Bulkhead <mail@mcp.example>",
);

const environment = z.object({
  HOST: z.string().regex(/^[\w.:-]+$/, "must be an address or a host name").default("127.0.0.1"),
  PORT: z.string().regex(/^\d+$/, "must be a whole number, such as 8000").transform(Number)
    .pipe(z.number().max(65535, "must be at most 65535")).default(8000),
  BASE_URL: origin.optional(),
  BULKHEAD_DATA: z.string().default(".data"),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, "must be a postgres:// URL")
    .transform((text) => new Secret(text)).optional(),
  BULKHEAD_MASTER_KEY: masterKey.optional(),
  ALLOWED_ORIGINS: list.pipe(z.array(origin)).default([]),
  TRUSTED_PROXIES: networks.default([]),
  SMTP_URL: z.string().refine(
    (text) => /^smtps?:$/.test(URL.parse(text)?.protocol ?? ""),
    "must be an smtp:// or smtps:// URL",
  ).transform((text) => new Secret(text)).optional(),
  MAIL_FROM: mailAddress.optional(),
  ANCHOR_WEBHOOK_URL: webhook.optional(),
  REDIRECT_SCHEMES: schemes.default([]),
  HSTS_SUBDOMAINS: z.enum(["yes", "no"], "must be yes or no").default("no"),
  LOG: z.enum(["stderr", "file"], "must be stderr or file").optional(),
});

/** Names of the environment variables that are read. */
export const VARIABLES: readonly string[] = Object.keys(environment.shape);

// Keys that stand in documents, tests and examples: whoever copies one shares it with everybody.
const isKnownKey = (key: Uint8Array) => {
  const text = new TextDecoder("latin1").decode(key);
  const steps = new Set(key.slice(1).map((byte, index) => (byte - key[index]! + 256) % 256));
  // All in one step (0, 1, 2 …) or one printable phrase: nobody drew that at random.
  return steps.size === 1 || /^[\x20-\x7e]{32}$/.test(text);
};

/** Decodes a 32-byte key from base64, base64url or hex; null where it is none. */
export function parseKey(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    const bytes = /^[0-9a-f]{64}$/i.test(text)
      ? Uint8Array.fromHex(text)
      : Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
    return bytes.length === 32 && new Set(bytes).size > 4 ? bytes : null;
  } catch {
    return null;
  }
}

/** Tells whether a host name is this machine's own loopback. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Reads the configuration from an environment. Empty variables count as unset.
 *
 * @throws ConfigError naming every fault.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path[0]?.toString()} ${issue.message}`),
    );
  }
  const values = parsed.data;
  const faults: string[] = [];
  const publicUrl = values.BASE_URL && !isLoopback(values.BASE_URL.hostname)
    ? values.BASE_URL
    : undefined;
  if (publicUrl && publicUrl.protocol !== "https:") {
    faults.push("BASE_URL must be https, except on loopback");
  }
  if (publicUrl && !values.BULKHEAD_MASTER_KEY && values.DATABASE_URL) {
    // Replicas on other machines would each make a key of their own and could not read each other.
    faults.push("BULKHEAD_MASTER_KEY must be set where DATABASE_URL and a public BASE_URL are");
  }
  if (publicUrl && values.BULKHEAD_MASTER_KEY) {
    const key = parseKey(values.BULKHEAD_MASTER_KEY.reveal());
    if (key && isKnownKey(key)) {
      faults.push("BULKHEAD_MASTER_KEY must be random where BASE_URL is public; this one is known");
    }
  }
  if (values.SMTP_URL && !values.MAIL_FROM) faults.push("MAIL_FROM must be set where SMTP_URL is");
  if (faults.length) throw new ConfigError(faults);
  const baseUrl = values.BASE_URL ??
    (values.PORT === 0 ? null : defaultBaseUrl(values.HOST, values.PORT));
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    baseUrl,
    dataDir: values.BULKHEAD_DATA,
    databaseUrl: values.DATABASE_URL ?? null,
    masterKey: values.BULKHEAD_MASTER_KEY ?? null,
    allowedOrigins: new Set(values.ALLOWED_ORIGINS.map((url) => url.origin)),
    trustedProxies: values.TRUSTED_PROXIES,
    mail: values.SMTP_URL && values.MAIL_FROM
      ? { smtpUrl: values.SMTP_URL, from: values.MAIL_FROM }
      : null,
    redirectSchemes: new Set(values.REDIRECT_SCHEMES),
    hstsSubdomains: values.HSTS_SUBDOMAINS === "yes",
    anchorWebhook: values.ANCHOR_WEBHOOK_URL ?? null,
    log: values.LOG ?? null,
  });
}

/** The origin under which a server that listens on host and port is reached from the same machine. */
export function defaultBaseUrl(host: string, port: number): URL {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return new URL(
    `http://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}`,
  );
}
