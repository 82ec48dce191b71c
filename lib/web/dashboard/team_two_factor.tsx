import { hasFactor, type MemberView, type Session } from "../../auth/mod.ts";
import { Button, ButtonLink, Form } from "../components/form.tsx";
import { Badge, Confirm } from "../components/pieces.tsx";

interface Props {
  session: Session;
  members: readonly MemberView[];
  required: boolean;
  /** Whether whoever looks may change it. */
  owns: boolean;
}

function Require({ session, without }: { session: Session; without: readonly MemberView[] }) {
  if (!hasFactor(session.factors)) {
    return (
      <>
        <p>To require it of others, set it up for your own account first.</p>
        <div class="row">
          <ButtonLink href="/account/security">Set it up</ButtonLink>
        </div>
      </>
    );
  }
  return (
    <Confirm summary="Require it of every member" mild>
      <p class="small">
        {without.length
          ? `${without.length} of the members have none yet: ${
            without.map(({ email }) => email).join(", ")
          }. They can do nothing in this team until they have set it up. `
          : "Every member has it. "}
        Tokens and connected apps that exist go on working.
      </p>
      <Form action="/team/two-factor" inline>
        <input type="hidden" name="required" value="yes" />
        <Button tone="primary">Require it</Button>
      </Form>
    </Confirm>
  );
}

/** Whether a team requires two-factor authentication of its members, and who would be locked out. */
export function TeamTwoFactor({ session, members, required, owns }: Props) {
  const without = members.filter((member) => !member.hasFactor);
  return (
    <>
      <p>
        {required ? <Badge tone="good">Required</Badge> : <Badge>Not required</Badge>}
      </p>
      {required && without.length > 0 && (
        <p class="small">
          Not set up yet, and so locked out of this team:{" "}
          {without.map(({ email }) => email).join(", ")}
        </p>
      )}
      {owns && !required && <Require session={session} without={without} />}
      {owns && required && (
        <Confirm summary="Require it no longer">
          <Form action="/team/two-factor" inline>
            <input type="hidden" name="required" value="no" />
            <Button tone="danger solid">Let members do without</Button>
          </Form>
        </Confirm>
      )}
    </>
  );
}
