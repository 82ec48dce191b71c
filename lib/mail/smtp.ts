import { createTransport } from "nodemailer";
import type { Log } from "../log.ts";
import { createMailer, type Mailer } from "./mailer.ts";

const TIMEOUT_MS = 20_000;

/**
 * Makes a mailer that hands mail to an SMTP server.
 *
 * @param url `smtp://` (STARTTLS where the server has it) or `smtps://`, with user and password in it.
 * @param from Who the mail is from, as a header says it.
 */
export function smtpMailer(url: string, from: string, log: Log): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === "smtps:";
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port ? Number(port) : secure ? 465 : 587,
    secure,
    // A password, and what follows, is never said before TLS: not even where somebody on the way takes
    // the server's offer of STARTTLS out (RFC 8314, section 3).
    requireTLS: username !== "",
    ...(username
      ? { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }
      : {}),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // A mail is text that we made: nothing in it is ever read from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return createMailer(async ({ to, subject, text }) => {
    await transport.sendMail({
      from,
      // As a structure, so that no address is read as a list of several.
      to: { name: "", address: to },
      subject,
      text,
      // RFC 3834, section 5: no out-of-office answers.
      headers: { "Auto-Submitted": "auto-generated" },
    });
  }, log);
}
