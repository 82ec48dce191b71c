import { isLoopback } from "../lib/config.ts";
import { AppError } from "../lib/errors.ts";
import {
  EmptyState,
  PageHead,
  type PageRequest,
  publicPage,
  Time,
  Visible,
} from "../lib/web/mod.ts";

const LINK = /(https?:\/\/\S+)/;

/** A mail's text, with its addresses as links. */
function Text({ text }: { text: string }) {
  return (
    <>
      {text.split("\n\n").map((part, index) => (
        <p key={index}>
          {part.split(LINK).map((piece, at) =>
            at % 2 ? <a key={at} href={piece}>{piece}</a> : piece
          )}
        </p>
      ))}
    </>
  );
}

// Of 127.0.0.1 and ::1.
const LOOPBACK_NETWORKS = ["127.0.0.0/24", "0:0:0::/48"];

/**
 * Whether somebody at this machine asks, under a name of this machine: it may listen on every network,
 * and a name elsewhere may have been rebound to it.
 */
const isHere = (page: PageRequest) =>
  LOOPBACK_NETWORKS.includes(page.actor.network ?? "") && isLoopback(page.url.hostname);

/**
 * `/mailbox`: the mail that a development machine did not send. There is none where mail goes out, or
 * where the site is reached from elsewhere: whoever reads it can sign in as anybody.
 */
export const mailboxPage = publicPage("/mailbox", {
  get(page) {
    const { mailbox } = page.services.mailer;
    if (!mailbox || !isHere(page)) throw new AppError("NOT_FOUND");
    const mails = mailbox.list();
    return page.render(
      { title: "Mailbox" },
      <div class="stack">
        <PageHead
          title="Mailbox"
          lead="No SMTP_URL is set, so that mail ends here. It is kept until the server stops."
        />
        {mails.length === 0 && (
          <EmptyState title="No mail yet">
            What would have been sent stands here, the latest first.
          </EmptyState>
        )}
        {mails.map((mail, index) => (
          <article key={index} class="sheet stack">
            <h2>{mail.subject}</h2>
            <p class="small soft">
              To <Visible text={mail.to} />, <Time at={mail.at} />
            </p>
            <Text text={mail.text} />
          </article>
        ))}
      </div>,
    );
  },
});
