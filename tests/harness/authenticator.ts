import { createHash, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";

/** What may be wrong with an answer, for tests that show it is refused. */
export interface Wrong {
  readonly origin?: string;
  readonly rpId?: string;
  /** Whether the person was verified; true. */
  readonly verified?: boolean;
  /** The count that is told; by default one more than the last. */
  readonly count?: number;
  readonly userHandle?: string;
  readonly challenge?: string;
}

interface Options {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
}

const b64 = (bytes: Uint8Array) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });
const sha256 = (data: string | Uint8Array) =>
  new Uint8Array(createHash("sha256").update(data).digest());
const join = (...parts: Uint8Array[]) =>
  parts.reduce((all, part) => new Uint8Array([...all, ...part]), new Uint8Array());

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const ATTESTED = 0x40;

/** A length or a number in CBOR (RFC 8949, section 3), of a major type. */
function cborHead(major: number, value: number): Uint8Array {
  if (value < 24) return new Uint8Array([major << 5 | value]);
  if (value < 256) return new Uint8Array([major << 5 | 24, value]);
  return new Uint8Array([major << 5 | 25, value >> 8, value & 255]);
}

const cborText = (text: string) => join(cborHead(3, text.length), new TextEncoder().encode(text));
const cborBytes = (bytes: Uint8Array) => join(cborHead(2, bytes.length), bytes);
const cborInt = (value: number) => value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);

/** A passkey's device without a device: one ES256 credential, as WebAuthn (Level 3) says it answers. */
export class SoftAuthenticator {
  readonly #id = crypto.getRandomValues(new Uint8Array(32));
  readonly #key: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  #userHandle = "";
  count = 0;

  /** @param origin Of the pages that it answers on. */
  constructor(readonly origin: string) {
    this.#key = generateKeyPairSync("ec", { namedCurve: "P-256" });
  }

  #cose(): Uint8Array {
    const { x, y } = this.#key.publicKey.export({ format: "jwk" });
    const coordinate = (text: string) => Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return join(
      cborHead(5, 5),
      join(cborInt(1), cborInt(2)),
      join(cborInt(3), cborInt(-7)),
      join(cborInt(-1), cborInt(1)),
      join(cborInt(-2), cborBytes(coordinate(x!))),
      join(cborInt(-3), cborBytes(coordinate(y!))),
    );
  }

  #data(rpId: string, wrong: Wrong, attested: Uint8Array = new Uint8Array()): Uint8Array {
    const flags = USER_PRESENT | (wrong.verified === false ? 0 : USER_VERIFIED) |
      (attested.length ? ATTESTED : 0);
    this.count = wrong.count ?? this.count + 1;
    const count = new Uint8Array(4);
    new DataView(count.buffer).setUint32(0, this.count);
    return join(sha256(wrong.rpId ?? rpId), new Uint8Array([flags]), count, attested);
  }

  #client(type: string, options: Options, wrong: Wrong): Uint8Array {
    const { challenge = options.challenge, origin = this.origin } = wrong;
    return new TextEncoder().encode(JSON.stringify({ type, challenge, origin }));
  }

  /** Makes the credential. */
  create(options: Options, wrong: Wrong = {}): string {
    this.#userHandle = options.user!.id;
    const attested = join(
      new Uint8Array(16),
      new Uint8Array([0, this.#id.length]),
      this.#id,
      this.#cose(),
    );
    const data = this.#data(options.rp!.id, wrong, attested);
    const attestationObject = join(
      cborHead(5, 3),
      join(cborText("fmt"), cborText("none")),
      join(cborText("attStmt"), cborHead(5, 0)),
      join(cborText("authData"), cborBytes(data)),
    );
    return JSON.stringify({
      id: b64(this.#id),
      rawId: b64(this.#id),
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: b64(this.#client("webauthn.create", options, wrong)),
        attestationObject: b64(attestationObject),
        transports: ["internal"],
      },
    });
  }

  /** Signs a challenge. */
  get(options: Options, wrong: Wrong = {}): string {
    const client = this.#client("webauthn.get", options, wrong);
    const data = this.#data(options.rpId!, wrong);
    const signature = createSign("sha256").update(join(data, sha256(client)))
      .sign(this.#key.privateKey);
    return JSON.stringify({
      id: b64(this.#id),
      rawId: b64(this.#id),
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: b64(client),
        authenticatorData: b64(data),
        signature: b64(new Uint8Array(signature)),
        userHandle: wrong.userHandle ?? this.#userHandle,
      },
    });
  }
}
