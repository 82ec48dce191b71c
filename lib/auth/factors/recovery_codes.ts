import { hmac } from "../../crypto/mod.ts";
import type { UserId } from "../../ids.ts";
import type { Tx } from "../../postgres/mod.ts";
import type { Services } from "../../services.ts";
import { keysOf } from "../keys.ts";
import { replaceCodes } from "./factor_store.ts";

/** How many there are in a set. */
export const RECOVERY_CODES = 10;
// Crockford's base 32: no letter that is read as a digit.
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 12;
const CODE = /^[0-9a-hjkmnp-tv-z]{12}$/;

/** A code of 60 random bits in three groups, such as `4f7k-92mq-x0zd`. */
function newCode(): string {
  const letters = [...crypto.getRandomValues(new Uint8Array(LENGTH))]
    .map((byte) => ALPHABET[byte % ALPHABET.length]!).join("");
  return letters.replace(/(.{4})(?=.)/g, "$1-");
}

/** A code as it was typed, without blanks and lines, small, and with what looks alike read as it is meant. */
export function readRecoveryCode(typed: string): string | null {
  const code = typed.toLowerCase().replace(/[\s-]/g, "").replace(/o/g, "0").replace(/[il]/g, "1");
  return CODE.test(code) ? code : null;
}

/** What is stored of a code, which is bound to its account. */
export async function recoveryHash(
  services: Services,
  userId: UserId,
  code: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return hmac((await keysOf(services)).recovery, `${userId}:${code}`);
}

/** Makes a set of codes in the place of any earlier, in a transaction; they can be told only now. */
export async function makeRecoveryCodes(
  tx: Tx,
  services: Services,
  userId: UserId,
): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, newCode);
  const hashes = await Promise.all(
    codes.map((code) => recoveryHash(services, userId, readRecoveryCode(code)!)),
  );
  await replaceCodes(tx, userId, hashes);
  return codes;
}
