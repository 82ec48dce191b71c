import type { ComponentChildren } from "preact";
import AutoSubmit from "../../../islands/AutoSubmit.tsx";
import Passkey from "../../../islands/Passkey.tsx";
import type { Factors } from "../../auth/mod.ts";
import { Button, Field, Form, HELD_FIELD } from "../components/form.tsx";
import { Island } from "../island.tsx";

/** Hidden fields that go along with a form. */
export type Along = Readonly<Record<string, string>>;

/** Fields that a form carries on unseen. */
export function Hidden({ along }: { along: Along }) {
  return (
    <>
      {Object.entries(along).map(([name, value]) => (
        <input type="hidden" key={name} name={name} value={value} />
      ))}
    </>
  );
}

interface PasskeyFormProps {
  use: "create" | "get";
  action: string;
  /** Path that answers WebAuthn's options. */
  options: string;
  label: string;
  primary?: boolean;
  autofill?: boolean;
  along?: Along;
  children?: ComponentChildren;
}

/** A form that a passkey fills in. */
export function PasskeyForm(props: PasskeyFormProps) {
  const { use, action, options, label, primary = false, autofill, along = {}, children } = props;
  return (
    <Form action={action}>
      <Hidden along={along} />
      <input type="hidden" name="credential" value="" />
      {children}
      <Island of={Passkey} props={{ use, options, label, primary, autofill }} />
      <noscript>
        <p class="soft">Passkeys need JavaScript, which is off in this browser.</p>
      </noscript>
    </Form>
  );
}

/** The field for a code of the second factor: what it takes depends on what the account has. */
export function TwoFactorCode(
  { factors, error }: { factors: Factors; error?: string | undefined },
) {
  const { authenticator } = factors;
  return (
    <Field
      name="code"
      label={authenticator ? "Two-factor code" : "Recovery code"}
      hint={authenticator
        ? "Six digits from your authenticator app, or one of your recovery codes."
        : "One of the codes that you were given with your passkey. Each works once."}
      autocomplete={authenticator ? "one-time-code" : "off"}
      required
      maxLength={30}
      spellcheck={false}
      error={error}
    />
  );
}

/** What waited until it was proved who sent it: goes on by itself, or by its button. */
export function ContinueForm({ path, held }: { path: string; held: string }) {
  return (
    <Form action={path}>
      <input type="hidden" name={HELD_FIELD} value={held} />
      <Island of={AutoSubmit} props={{ text: "Your identity is verified." }} />
      <Button tone="primary">Continue</Button>
    </Form>
  );
}
