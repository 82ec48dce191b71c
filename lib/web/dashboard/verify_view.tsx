import { hasFactor, type Session } from "../../auth/mod.ts";
import { Button, Field, Form } from "../components/form.tsx";
import { Sheet } from "../components/layout.tsx";
import { Notice } from "../components/pieces.tsx";
import { Hidden, PasskeyForm, TwoFactorCode } from "./second_factor_view.tsx";

/** What goes on once it is proved who is signed in. */
export interface Waiting {
  /** The page that asked. */
  readonly next: string;
  /** The form that waits; empty where none does. */
  readonly held: string;
  /** Whether something was sent that cannot wait: a file. */
  readonly repeat: boolean;
}

interface Props {
  session: Session;
  waiting: Waiting;
  /** Whether this server sends mail, and whether it shows what it would send. */
  mail: boolean;
  mailbox: boolean;
  /** Whether a code has been mailed. */
  codeSent: boolean;
  /** Whether a passkey can be used here. */
  passkeys: boolean;
  faults: Readonly<Record<string, string>>;
  refusal: string | undefined;
}

const PATH = "/account/confirm";

function along({ next, held, repeat }: Waiting) {
  return { next, ...(held && { held }), ...(repeat && { repeat: "yes" }) };
}

function ByPassword({ session, waiting, faults, passkeys }: Props) {
  const second = hasFactor(session.factors);
  return (
    <Form action={PATH}>
      <Hidden along={along(waiting)} />
      {(session.hasPassword || !second) && (
        <Field
          name="password"
          type="password"
          label="Password"
          autocomplete="current-password"
          required
          error={faults["password"]}
        />
      )}
      {second && <TwoFactorCode factors={session.factors} error={faults["code"]} />}
      <Button {...(passkeys ? {} : { tone: "primary" as const })}>Verify</Button>
    </Form>
  );
}

function ByMail({ waiting, codeSent, mailbox, faults }: Props) {
  return (
    <>
      {codeSent && mailbox && (
        <p class="soft">
          This server sends no mail: what it would send is in its <a href="/mailbox">mailbox</a>.
        </p>
      )}
      {codeSent && (
        <Form action={`${PATH}/code`}>
          <Hidden along={along(waiting)} />
          <Field
            name="code"
            label="Code"
            hint="The six digits that we emailed you."
            autocomplete="one-time-code"
            inputMode="numeric"
            required
            maxLength={12}
            spellcheck={false}
            error={faults["code"]}
          />
          <Button tone="primary">Verify</Button>
        </Form>
      )}
      <Form action={`${PATH}/code`} inline>
        <Hidden along={along(waiting)} />
        <Button name="send" value="yes" tone={codeSent ? "quiet" : "primary"}>
          {codeSent ? "Send another code" : "Email me a code"}
        </Button>
      </Form>
    </>
  );
}

/** Asks whoever is signed in to prove who they are, by what their account has. */
export function VerifyIdentity(props: Props) {
  const { session, waiting, mail, passkeys, faults, refusal } = props;
  const second = hasFactor(session.factors);
  return (
    <Sheet title="Verify your identity" faults={faults}>
      {refusal && <Notice tone="danger" title="Not verified">{refusal}</Notice>}
      <p class="soft">
        {session.hasPassword && !second
          ? "Re-enter your password to continue."
          : "Prove that it is you to continue."}{" "}
        You are asked again ten minutes after the last time. You are signed in as {session.email}.
      </p>
      {waiting.held !== "" && (
        <p>What you filled in is kept, and is carried out when you have verified your identity.</p>
      )}
      {waiting.repeat && (
        <Notice tone="warn" title="The file is not kept">
          Files are too large to wait here. You choose the file again afterwards.
        </Notice>
      )}
      {passkeys && (
        <PasskeyForm
          use="get"
          action={`${PATH}/passkey`}
          options={`${PATH}/passkey/options`}
          label="Use a passkey"
          primary
          along={along(waiting)}
        />
      )}
      {(session.hasPassword || second) && <ByPassword {...props} />}
      {mail && !second && <ByMail {...props} />}
      {!mail && !session.hasPassword && !second && (
        <Notice tone="info" title="Sign in again">
          This account has no password, and this server sends no mail. Sign out, and sign in by a
          new link from the command line.
        </Notice>
      )}
    </Sheet>
  );
}
