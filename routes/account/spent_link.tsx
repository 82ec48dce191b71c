import { Button, Field, Form, Notice, type PageRequest, Sheet } from "../../lib/web/mod.ts";
import { refusalOf } from "./refusal.ts";

/** What a spent link says, and the form by which another is asked for. */
export interface SpentWords {
  readonly title: string;
  /** Path that the form is sent to. */
  readonly action: string;
}

/** Answers for a link that works no more, with a way on; throws every other error on. */
export function spentLink(page: PageRequest, thrown: unknown, words: SpentWords): Response {
  const { text, status } = refusalOf(thrown, ["LINK_SPENT"]);
  return page.render(
    { title: words.title },
    <Sheet title={words.title} foot={<a href="/sign-in">Back to sign in</a>}>
      <Notice tone="warn" title="This link no longer works">{text}</Notice>
      {page.services.mailer.available && (
        <Form action={words.action}>
          <Field
            name="email"
            type="email"
            label="E-mail address"
            autocomplete="username"
            required
            maxLength={254}
          />
          <Button tone="primary">Email me a link</Button>
        </Form>
      )}
    </Sheet>,
    status,
  );
}
