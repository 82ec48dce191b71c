import { readFile } from "node:fs/promises";

/** Where and as whom to connect, as a `postgres://` URL says it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `off` speaks in the clear; `prefer` encrypts where the server can; `verified` needs a certificate that is trusted. */
  readonly tls: "off" | "prefer" | "verified";
  /** File with the certificates to trust besides the system's. */
  readonly rootCertificate: string | null;
}

const TLS: Readonly<Record<string, Target["tls"]>> = {
  disable: "off",
  allow: "prefer",
  prefer: "prefer",
  // libpq takes any certificate for `require`. Ours is checked: who asks for TLS means the right server.
  require: "verified",
  "verify-ca": "verified",
  "verify-full": "verified",
};

/** Reads a URL; an unknown `sslmode` is refused. */
export function targetOf(text: string): Target {
  const url = new URL(text);
  const user = decodeURIComponent(url.username);
  const mode = url.searchParams.get("sslmode") ?? "disable";
  const tls = TLS[mode];
  if (tls === undefined) throw new Error("sslmode is not one that Postgres knows");
  return {
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 5432),
    user,
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    tls,
    rootCertificate: url.searchParams.get("sslrootcert"),
  };
}

/** The certificates that a target trusts besides the system's. */
export async function certificatesOf({ rootCertificate }: Target): Promise<string[]> {
  return rootCertificate ? [await readFile(rootCertificate, "utf8")] : [];
}
