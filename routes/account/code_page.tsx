import type { VNode } from "preact";
import { useSignInCode } from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  Form,
  nextPath,
  Notice,
  type PageRequest,
  type PageRoute,
  publicPage,
  Sheet,
} from "../../lib/web/mod.ts";
import { CodeField, codeSchema, MailboxHint } from "./code_field.tsx";
import { finishSignIn } from "./finish.ts";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";

const HOME = "/endpoints";

/** What a page for a code says. */
interface CodeWords {
  readonly title: string;
  readonly about: string;
  readonly button: string;
  /** The link to another mail. */
  readonly again: (next: string) => VNode;
}

interface Shown {
  faults?: Readonly<Record<string, string>>;
  refusal?: Refusal;
  next: string;
}

/** Makes the page on which the code of a mail is entered, in the browser that asked for it. */
export function codePage(path: string, words: CodeWords): PageRoute {
  function show(page: PageRequest, { faults = {}, refusal, next }: Shown): Response {
    const answer = page.render(
      { title: words.title },
      <Sheet title={words.title} faults={faults} foot={<>No email? {words.again(next)}</>}>
        {refusal && (
          <Notice tone="danger" title="Not signed in">
            {refusal.text} The link in the email works in any case.
          </Notice>
        )}
        <p class="soft">{words.about}</p>
        <MailboxHint page={page} />
        <Form action={path}>
          <input type="hidden" name="next" value={next} />
          <CodeField error={faults["code"]} />
          <Button tone="primary">{words.button}</Button>
        </Form>
      </Sheet>,
      refusal?.status ?? (Object.keys(faults).length ? 422 : 200),
    );
    return withRetry(answer, refusal);
  }
  return publicPage(path, {
    get(page) {
      const next = nextPath(page.url.searchParams.get("next"), HOME);
      return page.session ? page.redirect(next) : show(page, { next });
    },
    async post(page, form) {
      const checked = checkForm(form, codeSchema);
      const next = nextPath(form.get("next"), HOME);
      if (!checked.ok) return show(page, { faults: checked.faults, next });
      try {
        const { code } = checked.values;
        const step = await useSignInCode(page.services, page.challenge, code, page.actor);
        return finishSignIn(page, step, next);
      } catch (error) {
        return show(page, { refusal: refusalOf(error, ["CODE_WRONG", "RATE_LIMITED"]), next });
      }
    },
  });
}
