import { AppError } from "../../errors.ts";
import { newId, type UserId } from "../../ids.ts";
import type { Limit } from "../../limits/mod.ts";
import type { Services } from "../../services.ts";
import { wrongCodesMail } from "../mails.ts";
import { readAccountById } from "../store.ts";
import { openSecret } from "./authenticator.ts";
import {
  forgiveTry,
  selectAuthenticator,
  spendRecoveryCode,
  spendStep,
  takeTry,
} from "./factor_store.ts";
import type { FactorKind, FactorProof } from "./proof.ts";
import { readRecoveryCode, recoveryHash } from "./recovery_codes.ts";
import { stepOfCode } from "./totp.ts";

const TOTP_CODE = /^[0-9]{6}$/;
/**
 * Wrong codes: in one browser within a quarter of an hour, at one account within a day. Only who has the
 * password, or reads the mail, is asked for a code: nobody else can use them up.
 */
const MOST = { inBrowser: 5, atAccount: 30 };
/** A recovery code has 60 bits: its account need not be closed to whoever lost the app. */
const MOST_RECOVERY = { inBrowser: 5, atAccount: 1000 };
const ALERTS: Limit = { name: "factor.alert", attempts: 1, windowMs: 86_400_000 };

/** Tells the account's owner that somebody who got past the first factor tries codes; once a day. */
function alert(services: Services, userId: UserId): void {
  try {
    services.limiter.take(ALERTS, userId);
  } catch {
    return;
  }
  services.mailer.post(async () => {
    const account = await readAccountById(services.control, userId);
    return account && wrongCodesMail(services, account.email);
  });
}

/**
 * Judges a code that somebody typed: one of an authenticator app, or a recovery code.
 *
 * @param browser The pending sign-in or the session that it was typed in.
 * @returns What uses it up.
 * @throws AppError CODE_WRONG; RATE_LIMITED after five wrong ones in this browser, thirty at the account.
 */
export async function codeProof(
  services: Services,
  userId: UserId,
  browser: string,
  typed: string,
): Promise<FactorProof> {
  const code = typed.replace(/\s/g, "");
  const recovery = readRecoveryCode(typed);
  if (!TOTP_CODE.test(code) && recovery === null) throw new AppError("CODE_WRONG");
  const id = newId<UserId>();
  const most = recovery === null ? MOST : MOST_RECOVERY;
  if (!await takeTry(services.control, { id, userId, browser }, most)) {
    alert(services, userId);
    throw new AppError("RATE_LIMITED", "Too many wrong codes. Wait, or use another way.", {
      retryAfter: 15 * 60,
    });
  }
  const spend = recovery === null
    ? await totpSpender(services, userId, code)
    : await recoverySpender(services, userId, recovery);
  return async (tx) => {
    const kind = await spend(tx);
    if (!kind) throw new AppError("CODE_WRONG");
    await forgiveTry(tx, id);
    return kind;
  };
}

type Spender = (tx: Parameters<FactorProof>[0]) => Promise<FactorKind | null>;

async function totpSpender(services: Services, userId: UserId, code: string): Promise<Spender> {
  const stored = await selectAuthenticator(services.control, userId);
  if (!stored?.confirmed) throw new AppError("CODE_WRONG");
  const secret = await openSecret(services, userId, stored.sealed);
  const step = stepOfCode(secret, code, services.clock.now());
  if (step === null) throw new AppError("CODE_WRONG");
  return async (tx) => await spendStep(tx, userId, stored.sealed, step) ? "authenticator" : null;
}

async function recoverySpender(services: Services, userId: UserId, code: string): Promise<Spender> {
  const hash = await recoveryHash(services, userId, code);
  return async (tx) => await spendRecoveryCode(tx, userId, hash) ? "recovery_code" : null;
}
