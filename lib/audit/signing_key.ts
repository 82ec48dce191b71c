import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { MasterKey } from "../crypto/mod.ts";
import type { Control } from "../postgres/mod.ts";
import { insertSigningKey, selectSigningKeys } from "./signing_key_store.ts";

/** The algorithm of anchors (RFC 8037): Ed25519. */
export const ANCHOR_ALGORITHM = "EdDSA";

/** What signs anchors. */
export interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** What the installation's keys are kept in. */
export interface KeyHouse {
  readonly control: Control;
  readonly masterKey: MasterKey;
}

// A wrapped key opens in its own row alone.
const context = (kid: string) => `audit_signing_keys:${kid}`;

async function makeKey({ control, masterKey }: KeyHouse): Promise<void> {
  const pair = await generateKeyPair(ANCHOR_ALGORITHM, { crv: "Ed25519", extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(pair.privateKey)));
  await insertSigningKey(control, {
    kid,
    publicJwk,
    wrapped: await masterKey.wrap(secret, context(kid)),
  });
}

/** The key that new anchors are signed with; made at the first call, the same on every replica. */
export async function signingKey(house: KeyHouse): Promise<SigningKey> {
  const find = async () => (await selectSigningKeys(house.control)).find(({ active }) => active);
  let stored = await find();
  if (!stored) {
    await makeKey(house);
    stored = await find();
  }
  const { kid, wrapped } = stored!;
  const jwk = JSON.parse(
    new TextDecoder().decode(await house.masterKey.unwrap(wrapped, context(kid))),
  );
  const key = await importJWK(jwk, ANCHOR_ALGORITHM);
  if (!(key instanceof CryptoKey)) throw new Error("the signing key is no Ed25519 key");
  return { kid, key };
}

/** The public halves of all signing keys, as a JWK set (RFC 7517, section 5). */
export async function anchorKeys({ control }: Pick<KeyHouse, "control">): Promise<{ keys: JWK[] }> {
  const keys = await selectSigningKeys(control);
  return {
    keys: keys.map(({ kid, publicJwk }) => ({
      ...publicJwk,
      kid,
      alg: ANCHOR_ALGORITHM,
      use: "sig",
    })),
  };
}
