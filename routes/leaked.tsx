import { z } from "zod";
import { revokeLeaked } from "../lib/leaks/mod.ts";
import type { Limit } from "../lib/limits/mod.ts";
import { tokenKind } from "../lib/tokens/mod.ts";
import {
  Button,
  checkForm,
  Field,
  Form,
  Notice,
  type PageRequest,
  publicPage,
  Sheet,
} from "../lib/web/mod.ts";
import { type Refusal, refusalOf, withRetry } from "./account/refusal.ts";

/** Reports of a network: each asks the database across all tenants. */
const REPORTS: Limit = { name: "leaks.reports", attempts: 20, windowMs: 10 * 60_000 };

const schema = z.object({
  token: z.string().transform((text) => text.trim())
    .refine((text) => tokenKind(text) !== null, "This has not the form of a token of ours."),
});

type Faults = Readonly<Record<string, string>>;

/** The form. It never repeats what was pasted. */
function form(page: PageRequest, faults: Faults = {}, refusal?: Refusal): Response {
  const answer = page.render(
    { title: "Leaked token" },
    <Sheet title="Leaked token" faults={faults}>
      {refusal && <Notice tone="danger" title="Nothing was revoked">{refusal.text}</Notice>}
      <p class="soft">
        Have you found a token where it does not belong? Paste it here and it is revoked at once.
        Nobody asks who you are. A token that an app was given ends all of that app’s access.
      </p>
      <Form action="/leaked">
        <Field
          name="token"
          label="Token"
          hint="It begins with bhd_."
          autocomplete="off"
          required
          maxLength={200}
          error={faults["token"]}
        />
        <Button tone="danger">Revoke token</Button>
      </Form>
    </Sheet>,
    refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

/** `/leaked`: revokes a token for whoever has it. Says the same whether there is such a token or not. */
export const leakedPage = publicPage("/leaked", {
  get: (page) => form(page),
  async post(page, fields) {
    const { services, requestId, actor: { network } } = page;
    try {
      services.limiter.take(REPORTS, network ?? "unknown");
    } catch (error) {
      return form(page, {}, refusalOf(error, ["RATE_LIMITED"]));
    }
    const checked = checkForm(fields, schema);
    if (!checked.ok) return form(page, checked.faults);
    const leak = { token: checked.values.token, url: null };
    await revokeLeaked(services, [leak], { by: "page", requestId, network });
    return page.redirect("/leaked", "leak_reported");
  },
});
