import { z } from "zod";
import { Field, type PageRequest } from "../../lib/web/mod.ts";

/** A form with a code of six digits; blanks between them are let through. */
export const codeSchema = z.object({
  code: z.string().transform((text) => text.replace(/\s/g, ""))
    .pipe(z.string().regex(/^[0-9]{6}$/, "Type the six digits.")),
});

/** The field for it. */
export function CodeField({ error }: { error: string | undefined }) {
  return (
    <Field
      name="code"
      label="Code"
      hint="Six digits."
      autocomplete="one-time-code"
      inputMode="numeric"
      required
      maxLength={12}
      spellcheck={false}
      error={error}
    />
  );
}

/** Where the code is, on a machine that sends no mail. */
export function MailboxHint({ page }: { page: PageRequest }) {
  if (!page.services.mailer.mailbox) return null;
  return (
    <p class="soft">
      This server sends no mail: what it would send is in its <a href="/mailbox">mailbox</a>.
    </p>
  );
}
