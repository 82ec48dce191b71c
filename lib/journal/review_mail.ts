import { may, type Role } from "../auth/mod.ts";
import { enterAsSystem } from "../endpoints/mod.ts";
import type { TenantId, UserId } from "../ids.ts";
import type { Mail } from "../mail/mod.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import {
  type DueNews,
  selectDueNews,
  selectMailed,
  selectReady,
  selectWantsMail,
  takeNews,
  updateWantsMail,
} from "./news_store.ts";
import { withJournal } from "./changes.ts";
import { countQueued } from "./queue_store.ts";

/** How long the first change waits for more to be told of with it, and the time between two mails. */
const SETTLE_SECONDS = 60;
const QUIET_SECONDS = 15 * 60;

/** An endpoint in which changes wait. */
interface Waiting {
  readonly slug: string;
  readonly name: string;
  readonly count: number;
}

const changes = (count: number) => `${count} change${count === 1 ? "" : "s"}`;

/** The mail says how many wait and where, and nothing of what is in them: it leaves the house. */
function mailOf(
  services: Services,
  to: string,
  teamName: string,
  waiting: readonly Waiting[],
): Mail {
  const count = waiting.reduce((sum, one) => sum + one.count, 0);
  const link = (path: string) => new URL(path, services.baseUrl).href;
  return {
    to,
    subject: `${changes(count)} ${count === 1 ? "waits" : "wait"} for review`,
    text: [
      `In the team “${teamName}”, agents have asked for changes that wait for somebody to look at them:`,
      waiting.map(({ slug, name, count }) =>
        `${changes(count)} in “${name}”: ${link(`/endpoints/${slug}/review`)}`
      ).join("\n"),
      `You get this mail since you may approve changes, at most every ${
        QUIET_SECONDS / 60
      } minutes. ` +
      `Turn it off for you: ${link("/team")}`,
      `Bulkhead, ${services.baseUrl.host}`,
    ].join("\n\n") + "\n",
  };
}

/** What waits in each endpoint of a team, asked of each database. */
async function waitingOf(services: Services, tenantId: TenantId): Promise<Waiting[]> {
  const found: Waiting[] = [];
  for (const { name, ...endpoint } of await services.control.tenant(tenantId, selectReady)) {
    const { slug } = endpoint;
    const scope = await enterAsSystem(services, { ...endpoint, tenantId }, "review mail");
    const count = await withJournal(services, scope, countQueued);
    if (count > 0) found.push({ slug, name, count });
  }
  return found;
}

async function tell(services: Services, due: DueNews): Promise<void> {
  const { tenantId } = due;
  const waiting = await waitingOf(services, tenantId);
  const members = await services.control.tenant(tenantId, async (tx) => {
    const mailed = (await selectMailed(tx)).filter(({ role }) =>
      may(role as Role, "changes:decide")
    );
    const told = waiting.length ? mailed : [];
    return await takeNews(tx, due, told.length > 0) ? told : [];
  });
  // After the commit, so that no other process sends it, too.
  for (const { email, teamName } of members) {
    services.mailer.post(() => Promise.resolve(mailOf(services, email, teamName, waiting)));
  }
}

/**
 * Tells whoever may approve by mail that changes wait: teams where one was queued a minute ago or earlier,
 * at most one mail a quarter of an hour, by one process of all, and none where everything was decided
 * meanwhile. A team whose databases do not answer is told in a later round.
 */
export async function mailReviewers(services: Services): Promise<void> {
  if (!services.mailer.available) return;
  for (const due of await selectDueNews(services.control, SETTLE_SECONDS, QUIET_SECONDS)) {
    try {
      await tell(services, due);
    } catch (error) {
      services.log.warn("review.mail_failed", { tenantId: due.tenantId, error });
    }
  }
}

/** Whether somebody wants to be told by mail that changes of their team wait. */
export function wantsReviewMail(
  { control }: Services,
  { tenantId }: Pick<RequestScope, "tenantId">,
  userId: UserId,
): Promise<boolean> {
  return control.tenant(tenantId, (tx) => selectWantsMail(tx, userId));
}

/** Turns these mails on or off for somebody in a team. */
export function setReviewMail(
  { control }: Services,
  { tenantId }: Pick<RequestScope, "tenantId">,
  userId: UserId,
  wants: boolean,
): Promise<void> {
  return control.tenant(tenantId, (tx) => updateWantsMail(tx, userId, wants));
}
