import { compactVerify, createLocalJWKSet, type JSONWebKeySet, SignJWT } from "jose";
import { z } from "zod";
import type { Anchor } from "./chain.ts";
import { ANCHOR_ALGORITHM, type SigningKey } from "./signing_key.ts";

/** What a signed anchor states. */
export interface Statement extends Anchor {
  readonly tenantId: string;
  /** Origin of the installation that signed it. */
  readonly issuer: string;
  readonly at: Date;
}

/** Keeps an anchor from being taken for another token that the same key might sign one day (RFC 8725, 3.11). */
const TYPE = "bulkhead-anchor+jwt";

const claims = z.object({
  iss: z.string(),
  sub: z.uuid(),
  iat: z.number().int(),
  seq: z.string().regex(/^[1-9]\d{0,18}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Signs where a chain stands: a compact JWS (RFC 7515) of JWT claims. */
export function signStatement(
  { kid, key }: SigningKey,
  { tenantId, issuer, at, seq, hash }: Statement,
): Promise<string> {
  return new SignJWT({ seq: seq.toString(), hash })
    .setProtectedHeader({ alg: ANCHOR_ALGORITHM, kid, typ: TYPE })
    .setIssuer(issuer)
    .setSubject(tenantId)
    .setIssuedAt(at)
    .sign(key);
}

/** Reads a signed anchor; null where none of the keys signed it, or it states something else. */
export async function readStatement(
  statement: string,
  keys: JSONWebKeySet,
): Promise<Statement | null> {
  try {
    const { payload, protectedHeader } = await compactVerify(statement, createLocalJWKSet(keys), {
      algorithms: [ANCHOR_ALGORITHM],
    });
    if (protectedHeader.typ !== TYPE) return null;
    const { iss, sub, iat, seq, hash } = claims.parse(
      JSON.parse(new TextDecoder().decode(payload)),
    );
    return { issuer: iss, tenantId: sub, at: new Date(iat * 1000), seq: BigInt(seq), hash };
  } catch {
    return null;
  }
}
