import type { ComponentChildren } from "preact";
import { hasFactor, type PasskeyView, type Session } from "../../auth/mod.ts";
import { Button, ButtonLink, Form } from "../components/form.tsx";
import { Compartment, Hold, PageHead } from "../components/layout.tsx";
import { Badge, type Column, Confirm, Notice, Table, Time } from "../components/pieces.tsx";

const PATH = "/account/security";

const COLUMNS: Column<PasskeyView>[] = [
  {
    head: "Passkey",
    cell: ({ name, synced }) => (
      <>
        {name} {synced && <Badge>Synced</Badge>}
      </>
    ),
  },
  { head: "Added", cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    head: "Last used",
    cell: ({ lastUsedAt }) => lastUsedAt ? <Time at={lastUsedAt} /> : "Never",
  },
  {
    head: "Actions",
    headHidden: true,
    cell: ({ id, name }) => (
      <Form action={`${PATH}/passkeys/${id}/remove`} inline>
        <Button tone="danger" label={`Remove ${name}`}>Remove</Button>
      </Form>
    ),
  },
];

/** A person's passkeys; a sentence where they have none. */
export function PasskeyTable({ passkeys }: { passkeys: readonly PasskeyView[] }) {
  if (passkeys.length === 0) return <p class="soft">You have no passkeys.</p>;
  return <Table caption="Passkeys" columns={COLUMNS} rows={passkeys} />;
}

function Authenticator({ has }: { has: boolean }) {
  if (!has) {
    return (
      <Form action={`${PATH}/authenticator`} inline>
        <Button>Set up an authenticator app</Button>
      </Form>
    );
  }
  return (
    <>
      <p>
        <Badge tone="good">Set up</Badge>
      </p>
      <Confirm summary="Remove the authenticator app">
        <p class="small">Its codes work no more. To use another app, set it up afterwards.</p>
        <Form action={`${PATH}/authenticator/remove`} inline>
          <Button tone="danger solid">Remove it</Button>
        </Form>
      </Confirm>
    </>
  );
}

function RecoveryCodes({ left }: { left: number }) {
  return (
    <>
      <p>
        {left} of 10 codes left {left < 3 && <Badge tone="warn">Few left</Badge>}
      </p>
      <Form action={`${PATH}/recovery-codes`} inline>
        <Button>Create new recovery codes</Button>
      </Form>
    </>
  );
}

/** Everything that proves who somebody is besides a password: what is there, and what can be added. */
export function SecurityView(
  { session, passkeys }: { session: Session; passkeys: ComponentChildren },
) {
  const { factors, factorMissing, tenantName } = session;
  const on = hasFactor(factors);
  return (
    <>
      <PageHead
        title="Security"
        crumbs={[{ href: "/account", label: "Account" }]}
        lead={
          <>
            Two-factor authentication is{" "}
            {on ? <Badge tone="good">On</Badge> : <Badge tone="warn">Off</Badge>}
          </>
        }
      />
      {factorMissing && (
        <Notice tone="warn" title={`${tenantName} requires two-factor authentication`}>
          Add a passkey or an authenticator app. Until then you can do nothing in this team; you can
          still switch to another team on the account page.
        </Notice>
      )}
      <Hold>
        <Compartment
          id="passkeys"
          title="Passkeys"
          about="Sign in with a fingerprint, your face or your device's PIN, without a password. A passkey is two factors in one."
        >
          {passkeys}
          <div class="row">
            <ButtonLink href={`${PATH}/passkeys/new`} {...(on ? {} : { tone: "primary" as const })}>
              Add a passkey
            </ButtonLink>
          </div>
        </Compartment>
        <Compartment
          id="authenticator"
          title="Authenticator app"
          about="An app on your phone shows a new code every 30 seconds. You enter it after your password."
        >
          <Authenticator has={factors.authenticator} />
        </Compartment>
        {on && (
          <Compartment
            id="recovery-codes"
            title="Recovery codes"
            about="For when you have lost your phone or your passkeys. Each works once."
          >
            <RecoveryCodes left={factors.recoveryCodes} />
          </Compartment>
        )}
      </Hold>
    </>
  );
}
