import { sha256Hex } from "../crypto/mod.ts";
import type { Limit, Limiter } from "../limits/mod.ts";
import type { Parameters } from "./parameters.ts";

/**
 * Refusals: guessing is hopeless, this makes it cheap. By what was presented as far as a bounded number of
 * counters allows, for hosted clients of many people share a network and a name; what is good never
 * counts and is never held up.
 */
const REFUSALS: Limit = { name: "oauth.refusals", attempts: 60, windowMs: 60_000 };

const PRESENTED = ["client_id", "code", "refresh_token", "token"];

/**
 * Counts a refused request by its credential, else by its client, and by its network alone where it has
 * neither.
 *
 * @param authorization The request's `Authorization`.
 * @throws AppError RATE_LIMITED past the limit.
 */
export function countRefusal(
  limiter: Limiter,
  network: string | null,
  authorization: string | null,
  parameters: Parameters,
): void {
  const presented = [authorization, ...PRESENTED.flatMap((name) => parameters.all(name))];
  const shard = sha256Hex(presented.join("\0")).slice(0, 2);
  limiter.take(REFUSALS, `${network ?? "unknown"}\0${shard}`);
}
