import pg from "pg";
import { AppError, type ErrorCode } from "../errors.ts";
import { ConnectionLost, ServerFault } from "./client/mod.ts";

/** The SQLSTATE of a driver's error; null for anything else. */
export function sqlState(error: unknown): string | null {
  if (error instanceof pg.DatabaseError) return error.code ?? null;
  return error instanceof ServerFault ? error.code : null;
}

/** What Postgres says of a fault; texts are for reading structure out of them, never for clients. */
export interface PostgresFault {
  /** SQLSTATE. */
  readonly code: string;
  readonly detail: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  /** The function of the server that found it. */
  readonly routine: string | undefined;
}

/** What Postgres says of a fault; null for anything else. */
export function postgresFault(error: unknown): PostgresFault | null {
  if (!(error instanceof pg.DatabaseError)) return null;
  return {
    code: error.code ?? "",
    detail: error.detail,
    table: error.table,
    column: error.column,
    routine: error.routine,
  };
}

/** The constraint that an error names; null where it names none. */
export function violatedConstraint(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? error.constraint ?? null : null;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  "57014": "STATEMENT_TIMEOUT",
  "25P03": "STATEMENT_TIMEOUT",
  // A login of ours that is refused: whoever has it can change its password.
  "28000": "UNAVAILABLE",
  "28P01": "UNAVAILABLE",
  "42501": "ACCESS_DENIED",
  "23505": "CONFLICT",
  "53100": "UNAVAILABLE",
  "53200": "UNAVAILABLE",
  "53300": "UNAVAILABLE",
  "53400": "STATEMENT_TIMEOUT",
  "54000": "INVALID_ARGUMENTS",
  "54001": "INVALID_ARGUMENTS",
  "57P01": "UNAVAILABLE",
  "57P02": "UNAVAILABLE",
  "57P03": "UNAVAILABLE",
  // Raised by a trigger of the control database.
  BH2FA: "TWO_FACTOR_REQUIRED",
};

// What triggers of the control database refuse whoever asks, by the constraint that they name.
const DENIALS: Readonly<Record<string, string>> = {
  account_proved: "Verify your email first: sign out, and sign in again.",
  invitations_standing: "Only owners invite owners, and only admins invite others.",
  tokens_take_none_above: "A token does not rotate one that it comes from.",
};

// Postgres' own class-22 faults (data exception) that a caller's value brought about.
const VALUE_FAULT = "That value does not fit the column's type.";

/** Whether a fault says that its connection is gone: a reserved one would never answer again. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof ConnectionLost || sqlState(error)?.startsWith("57P") === true;
}

/**
 * The one map from what the driver throws to what a client may be told. An AppError passes through;
 * what the map does not know stays as it is, and so ends as INTERNAL.
 */
export function fromPostgres(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const state = sqlState(error);
  const denied = DENIALS[violatedConstraint(error) ?? ""];
  if (denied) return new AppError("ACCESS_DENIED", denied, { cause: error });
  if (state) {
    const code = CODES[state];
    if (code) return new AppError(code, undefined, { cause: error });
    if (state.startsWith("22")) {
      return new AppError("INVALID_ARGUMENTS", VALUE_FAULT, { cause: error });
    }
    if (state.startsWith("08")) return new AppError("UNAVAILABLE", undefined, { cause: error });
    return error;
  }
  return isConnectionLost(error) ? new AppError("UNAVAILABLE", undefined, { cause: error }) : error;
}
