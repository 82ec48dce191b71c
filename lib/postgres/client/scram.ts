import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);
const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();

/** More than any server asks for; what a hostile one asks for must not keep this process busy. */
const MAX_ITERATIONS = 1_000_000;

/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding. */
export class Scram {
  readonly #nonce = randomBytes(18).toString("base64");
  readonly #password: string;
  #serverSignature: Buffer | null = null;

  constructor(password: string) {
    // RFC 7613 leaves ASCII as it is, and so do servers with what SASLprep refuses.
    this.#password = password.normalize("NFKC");
  }

  /** The client-first-message. */
  first(): string {
    return `n,,${this.#bare()}`;
  }

  // Postgres takes the name from the startup message.
  #bare(): string {
    return `n=*,r=${this.#nonce}`;
  }

  /** Answers the server-first-message with the client-final-message. */
  async final(serverFirst: string): Promise<string> {
    const match = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d*)$/.exec(serverFirst);
    if (!match) throw new Error("the server's SCRAM message cannot be read");
    const [, nonce, salt, iterations] = match as unknown as [string, string, string, string];
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new Error("the server's SCRAM nonce does not continue ours");
    }
    if (Number(iterations) > MAX_ITERATIONS) throw new Error("the server asks for too many rounds");
    const salted = await derive(
      this.#password,
      Buffer.from(salt, "base64"),
      Number(iterations),
      32,
      "sha256",
    );
    const withoutProof = `c=biws,r=${nonce}`;
    const message = `${this.#bare()},${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, "Client Key");
    const signature = hmac(createHash("sha256").update(clientKey).digest(), message);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!));
    this.#serverSignature = hmac(hmac(salted, "Server Key"), message);
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /** Checks the server-final-message: that the server, too, knows the password. */
  verify(serverFinal: string): void {
    const match = /^v=([A-Za-z0-9+/=]+)(,|$)/.exec(serverFinal);
    const told = Buffer.from(match?.[1] ?? "", "base64");
    const expected = this.#serverSignature;
    if (!expected || told.length !== expected.length || !timingSafeEqual(told, expected)) {
      throw new Error("the server did not prove that it knows the password");
    }
  }
}
