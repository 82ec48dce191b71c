import type { JWK } from "jose";
import { type Control, fromPostgres } from "../postgres/mod.ts";

/** A key that signs anchors, as it is kept. */
export interface StoredSigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly publicJwk: JWK;
  /** The private JWK as JSON, wrapped by the master key. */
  readonly wrapped: Uint8Array;
  /** Whether new anchors are signed with it. */
  readonly active: boolean;
}

/** Every signing key of the installation, newest first. */
export async function selectSigningKeys({ lookup }: Control): Promise<StoredSigningKey[]> {
  try {
    return [
      ...await lookup<StoredSigningKey[]>`
        SELECT kid, public_jwk AS "publicJwk", wrapped, active FROM lookup.audit_signing_keys()`,
    ];
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** Keeps a first key, unless another process was quicker. */
export async function insertSigningKey(
  { lookup }: Control,
  { kid, publicJwk, wrapped }: Omit<StoredSigningKey, "active">,
): Promise<void> {
  await lookup`
    SELECT lookup.add_audit_signing_key(
      ${kid}, ${lookup.json({ ...publicJwk } as never)}, ${wrapped as Uint8Array<ArrayBuffer>}
    )`;
}
