import type { ComponentChildren } from "preact";
import { Button, ButtonLink, Form } from "./form.tsx";
import { Hold, PageHead } from "./layout.tsx";
import { Notice } from "./pieces.tsx";

interface FormPageProps {
  title: string;
  crumbs: readonly { href: string; label: string }[];
  lead?: ComponentChildren;
  action: string;
  /** What is wrong with the form, by field. */
  faults: Readonly<Record<string, string>>;
  /** What did not happen because of that. */
  failed: string;
  /** What the button does. */
  submit: string;
  /** Where who changes their mind goes. */
  cancel: string;
  /** Compartments with the form's fields. */
  children: ComponentChildren;
}

/** A page that is one large form, in compartments. */
export function FormPage(props: FormPageProps) {
  const { title, crumbs, lead, action, faults, failed, submit, cancel, children } = props;
  return (
    <>
      <PageHead title={title} crumbs={crumbs} lead={lead} />
      {Object.keys(faults).length > 0 && (
        <Notice tone="danger" title={failed}>Correct what is marked below.</Notice>
      )}
      <Form action={action}>
        <Hold>{children}</Hold>
        <div class="row">
          <Button tone="primary">{submit}</Button>
          <ButtonLink href={cancel}>Cancel</ButtonLink>
        </div>
      </Form>
    </>
  );
}
