/** Mail to people: over SMTP, or into a mailbox in memory. */
export { mailboxMailer } from "./mailbox.ts";
export { createMailer, type KeptMail, type Mail, type Mailer } from "./mailer.ts";
export { mailQuote, mailText } from "./text.ts";
export { smtpMailer } from "./smtp.ts";
