import { AppError, type ErrorCode } from "../../lib/errors.ts";

/** An error that a form tells of itself: what it says, and the answer's status. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly text: string;
  readonly status: number;
  readonly retryAfter: number | undefined;
}

/** Takes an error of one of these codes as a refusal; throws every other on. */
export function refusalOf(thrown: unknown, codes: readonly ErrorCode[]): Refusal {
  if (!(thrown instanceof AppError) || !codes.includes(thrown.code)) throw thrown;
  const { code, kind, detail, retryAfter } = thrown;
  return { code, text: `${kind.title} ${detail ?? kind.next}`, status: kind.status, retryAfter };
}

/** Says when to come back, where the refusal tells. */
export function withRetry(answer: Response, refusal: Refusal | undefined): Response {
  if (refusal?.retryAfter !== undefined) {
    answer.headers.set("retry-after", String(refusal.retryAfter));
  }
  return answer;
}
