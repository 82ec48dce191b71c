import { type Mail, mailQuote, mailText } from "../mail/mod.ts";
import type { TenantId, UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import { selectToldOfLeak } from "./store.ts";

/** A token that a report has just ended. */
export interface EndedToken {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly prefix: string;
  /** Who made it, or let the app in; null where nobody knows. */
  readonly makerId: UserId | null;
}

// Not where it was found: whoever reports a token would choose an address for people to open.
function leakMail(services: Services, to: string, { name, prefix }: EndedToken): Mail {
  return {
    to,
    subject: "A leaked token was revoked",
    text: mailText(
      services.baseUrl,
      `The token ${mailQuote(name)} (${prefix}…) was found in public and reported. ` +
        "It is revoked, and refused from now on.",
      "See what it did, and replace it where it was in use:",
      new URL("/tokens", services.baseUrl).href,
    ),
  };
}

/** Mails the owners, admins and the maker of a leaked token, once for each that a report ends. */
export function tellOfLeak(services: Services, ended: EndedToken): void {
  if (!services.mailer.available) return;
  services.mailer.post(async () => {
    const { tenantId, makerId } = ended;
    const people = await services.control.tenant(tenantId, (tx) => selectToldOfLeak(tx, makerId));
    for (const to of people) {
      services.mailer.post(() => Promise.resolve(leakMail(services, to, ended)));
    }
    return null;
  });
}
