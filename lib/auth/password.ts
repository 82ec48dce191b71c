import bcrypt from "bcrypt";
import { AppError } from "../errors.ts";
import { isCommonPassword } from "./common_passwords.ts";

const COST = 12;
const MIN_BYTES = 12;
/** bcrypt reads no further: what came after would not be part of the password. */
const MAX_BYTES = 72;

// A hash of a password that nobody knows, of the same cost: comparing with it takes as long as
// comparing with a real one.
const NOBODY = "$2b$12$0PcPBCyjxYaLAezLtl5Bo..bO.qm8AxZQyP608Oe/sPOii6zPvPHW";

/**
 * What is wrong with a new password of an account; null where nothing is. Length is measured in UTF-8
 * bytes.
 */
export async function passwordFault(password: string, email: string): Promise<string | null> {
  const bytes = new TextEncoder().encode(password).length;
  if (bytes < MIN_BYTES) return `Use at least ${MIN_BYTES} characters.`;
  if (bytes > MAX_BYTES) {
    return `Use at most ${MAX_BYTES} bytes: letters with accents and emoji take two to four each.`;
  }
  if (await isCommonPassword(password, email)) {
    return "This password is one of the first that are tried. Choose another.";
  }
  return null;
}

/**
 * Hashes a new password with bcrypt, off the event loop (about 0.2 s of a core).
 *
 * @throws AppError PASSWORD_REFUSED where it is too short, too long or common.
 */
export async function hashPassword(password: string, email: string): Promise<string> {
  const fault = await passwordFault(password, email);
  if (fault) throw new AppError("PASSWORD_REFUSED", fault);
  return await bcrypt.hash(password, COST);
}

/**
 * Compares a password with a hash. Takes the same time where there is no hash (an unknown account, or
 * one without a password), and answers false.
 */
export async function checkPassword(password: string, hash: string | null): Promise<boolean> {
  const fits = new TextEncoder().encode(password).length <= MAX_BYTES;
  const same = await bcrypt.compare(password, hash ?? NOBODY);
  return same && fits && hash !== null;
}
