import type { AuditActor } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";

const QUARTER_HOUR = 15 * 60_000;
// As for passwords: who asks from elsewhere does not keep the owner from asking.
const MAILS_BY_BOTH: Limit = { name: "mail.address_network", attempts: 5, windowMs: QUARTER_HOUR };
const MAILS_BY_ADDRESS: Limit = { name: "mail.address", attempts: 20, windowMs: QUARTER_HOUR };
const MAILS_BY_NETWORK: Limit = { name: "mail.network", attempts: 30, windowMs: QUARTER_HOUR };
const PROOFS_BY_NETWORK: Limit = { name: "proof.network", attempts: 60, windowMs: QUARTER_HOUR };

/**
 * Counts a mail that somebody asks for, by whom it goes to and from where it is asked.
 *
 * @throws AppError RATE_LIMITED; UNAVAILABLE where this server sends no mail.
 */
export function takeMail(services: Services, address: string, actor: AuditActor): void {
  if (!services.mailer.available) throw new AppError("UNAVAILABLE", "This server sends no mail.");
  const network = actor.network ?? "unknown";
  services.limiter.take(MAILS_BY_NETWORK, network);
  services.limiter.take(MAILS_BY_BOTH, `${address} ${network}`);
  services.limiter.take(MAILS_BY_ADDRESS, address);
}

/**
 * Counts the showing of a link or a code, by where it is shown.
 *
 * @throws AppError RATE_LIMITED
 */
export function takeProof(services: Services, actor: AuditActor): void {
  services.limiter.take(PROOFS_BY_NETWORK, actor.network ?? "unknown");
}
