import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { createMailer, type KeptMail, type Mailer } from "./mailer.ts";

const MOST = 100;

/** Makes a mailer whose mail stays in memory, for a page of a development machine to show. */
export function mailboxMailer(clock: Clock, log: Log): Mailer {
  const kept: KeptMail[] = [];
  const keep = (mail: Omit<KeptMail, "at">) => {
    kept.unshift({ ...mail, at: new Date(clock.now()) });
    kept.length = Math.min(kept.length, MOST);
    return Promise.resolve();
  };
  return createMailer(keep, log, { list: () => [...kept] });
}
