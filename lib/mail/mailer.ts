import type { Log } from "../log.ts";
import { visibleText } from "../text/mod.ts";

/** One mail: plain text, to one person. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Brings a mail on its way; rejects where it cannot. */
export type Transport = (mail: Mail) => Promise<void>;

/** A mail as the mailbox of a development machine shows it. */
export interface KeptMail extends Mail {
  readonly at: Date;
}

/** Sends mail. */
export interface Mailer {
  /** Whether mail can be sent at all; where not, whatever needs it is not offered. */
  readonly available: boolean;
  /**
   * Makes a mail and sends it, without anybody waiting: the time of an answer must not tell whether
   * there was somebody to write to. `null` sends nothing. What fails is logged.
   */
  post(prepare: () => Promise<Mail | null>): void;
  /** What was sent, latest first, where mail goes no further than this process; else null. */
  readonly mailbox: { list(): readonly KeptMail[] } | null;
  /** Settles when everything that was posted is sent. */
  settle(): Promise<void>;
  /** Waits for what is being sent, for a bounded time. */
  close(): Promise<void>;
}

/** A mail as its reader must see it: names in it are other people's words. */
const seen = ({ to, subject, text }: Mail): Mail => ({
  to,
  subject: visibleText(subject),
  text: visibleText(text, { lines: true }),
});

const GRACE_MS = 5_000;

/** Makes a mailer over a transport; null stands for a server that sends no mail. */
export function createMailer(
  transport: Transport | null,
  log: Log,
  mailbox: Mailer["mailbox"] = null,
): Mailer {
  const pending = new Set<Promise<void>>();
  const settle = async () => {
    while (pending.size) await Promise.allSettled(pending);
  };
  return {
    available: transport !== null,
    mailbox,
    post(prepare) {
      if (!transport) return;
      const sending = (async () => {
        try {
          const mail = await prepare();
          if (mail) await transport(seen(mail));
        } catch (error) {
          log.error("mail.failed", { error });
        }
      })();
      pending.add(sending);
      sending.finally(() => pending.delete(sending));
    },
    settle,
    async close() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, GRACE_MS));
      await Promise.race([settle(), late]);
      clearTimeout(timer);
    },
  };
}
