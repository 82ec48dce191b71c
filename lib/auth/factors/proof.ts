import type { Tx } from "../../postgres/mod.ts";

/** What was shown besides a password or a mail. */
export type FactorKind = "authenticator" | "passkey" | "recovery_code";

/**
 * Uses a second factor up in the transaction that it is for: the database starts, or proves anew, no
 * session of an account that has one in any other.
 *
 * @throws AppError CODE_WRONG, PASSKEY_REFUSED where it is used already.
 */
export type FactorProof = (tx: Tx) => Promise<FactorKind>;
