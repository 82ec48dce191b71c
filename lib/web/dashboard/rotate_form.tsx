import type { TokenView } from "../../tokens/mod.ts";
import { Choices } from "../components/form.tsx";
import { FormPage } from "../components/form_page.tsx";
import { Compartment } from "../components/layout.tsx";

/** For how long the old token may go on, in seconds. */
export const OVERLAPS: readonly { seconds: number; label: string; hint: string }[] = [
  { seconds: 0, label: "Not at all", hint: "It stops at once. Right for one that has leaked." },
  { seconds: 3_600, label: "1 hour", hint: "To change a configuration and see that it works." },
  { seconds: 86_400, label: "24 hours", hint: "For what is rolled out over a day." },
  { seconds: 604_800, label: "7 days", hint: "For what other people have to change." },
];

interface RotateFormProps {
  token: TokenView;
  typed: string | null;
  faults: Readonly<Record<string, string>>;
}

/** The form that replaces a token, with what the person decides: for how long the old one goes on. */
export function RotateForm({ token, typed, faults }: RotateFormProps) {
  return (
    <FormPage
      title={`Rotate ${token.name}`}
      crumbs={[{ href: "/tokens", label: "Tokens" }]}
      lead="You get a new token of the same name, abilities, reach and limits. It is shown once."
      action={`/tokens/${token.id}/rotate`}
      faults={faults}
      failed="The token was not rotated"
      submit="Rotate now"
      cancel="/tokens"
    >
      <Compartment
        id="overlap"
        title="The old token"
        about={<code>{token.prefix}…</code>}
      >
        <Choices
          name="overlap"
          legend="How long does the old one go on?"
          type="radio"
          hint="Both are taken for that time. It never goes on for longer than it would have, and can be revoked at any moment."
          chosen={[typed ?? "0"]}
          error={faults["overlap"]}
          options={OVERLAPS.map(({ seconds, ...text }) => ({ value: String(seconds), ...text }))}
        />
      </Compartment>
    </FormPage>
  );
}
