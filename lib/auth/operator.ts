import { recordEvent, SYSTEM_ACTOR } from "../audit/mod.ts";
import { newId, type TenantId, type UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import { type Account, LOCAL_ADDRESS } from "./account.ts";
import { localAccount } from "./accounts.ts";
import { resetFactors } from "./factors/reset.ts";
import { homeOf } from "./home.ts";
import { factorsResetMail } from "./mails.ts";
import { createSignInLink } from "./sign_in_mail.ts";
import { insertAccount, readAccount } from "./store.ts";

/** What the command line gives an address. */
export interface OperatorSignIn {
  /** Signs its account in once, within 15 minutes. */
  readonly url: URL;
  /** Whether the account was created for it. */
  readonly created: boolean;
  /** Two-factor methods that were taken away, as their owner knows them. */
  readonly removed: readonly string[];
}

/** The account of an address; created, with a team of its own, where there is none. */
async function accountOf(
  services: Services,
  email: string,
): Promise<{ readonly account: Account; readonly created: boolean }> {
  const { control } = services;
  const known = await readAccount(control, email);
  if (known) return { account: await homeOf(services, known), created: false };
  if (email === LOCAL_ADDRESS) {
    return { account: await localAccount(services, SYSTEM_ACTOR), created: true };
  }
  const account = { userId: newId<UserId>(), tenantId: newId<TenantId>() };
  const wanted = { ...account, email, passwordHash: null, tenantName: email };
  const created = await control.tenant(
    account.tenantId,
    (tx) => insertAccount(tx, wanted, SYSTEM_ACTOR),
  );
  // Its owner signed up a moment ago.
  return created ? { account, created } : await accountOf(services, email);
}

/**
 * Makes a sign-in link for whoever runs the server: the way in where no mail goes out. A second factor
 * is asked for behind it as behind every link, unless `reset` takes it away, of which its owner is told.
 * Called from the machine's own command line alone.
 */
export async function operatorSignIn(
  services: Services,
  { email, reset }: { readonly email: string; readonly reset: boolean },
): Promise<OperatorSignIn> {
  const { account, created } = await accountOf(services, email);
  const removed = reset ? await resetFactors(services, account, SYSTEM_ACTOR) : [];
  if (removed.length && email !== LOCAL_ADDRESS) {
    services.mailer.post(() => Promise.resolve(factorsResetMail(services, email, removed)));
  }
  const { tenantId } = account;
  await services.control.tenant(tenantId, (tx) =>
    recordEvent(tx, {
      tenantId,
      action: "session.link_created",
      actor: SYSTEM_ACTOR,
      subject: email,
      detail: { by: "operator" },
    }));
  return { url: await createSignInLink(services, account), created, removed };
}
