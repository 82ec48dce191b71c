import type { TeamToken } from "../../tokens/mod.ts";
import { Button, ButtonLink, Choices, Form } from "../components/form.tsx";
import { Compartment, Hold, PageHead } from "../components/layout.tsx";
import { Notice, Time } from "../components/pieces.tsx";
import type { FormFields } from "../form_data.ts";

interface RemoveMemberProps {
  email: string;
  /** Where the form goes. */
  action: string;
  /** Whether it is who looks that leaves. */
  leaving: boolean;
  /** The tokens of the team by them, of which each is decided about. */
  tokens: readonly TeamToken[];
  typed: FormFields;
  /** Whether a decision is missing of what was sent. */
  isMissing: boolean;
}

function lastUse({ lastUsedAt }: TeamToken) {
  return lastUsedAt
    ? (
      <>
        Last used <Time at={lastUsedAt} />
      </>
    )
    : <>Never used</>;
}

function Decision({ token, typed, isMissing }: {
  token: TeamToken;
  typed: FormFields;
  isMissing: boolean;
}) {
  const name = `token_${token.id}`;
  const chosen = typed.getAll(name);
  return (
    <Choices
      name={name}
      legend={`${token.name} (${token.prefix}…)`}
      hint={lastUse(token)}
      type="radio"
      chosen={chosen}
      error={isMissing && !chosen.length ? "Choose whether it goes on." : undefined}
      pairs
      options={[
        { value: "keep", label: "Keep", hint: "It goes on as the team’s." },
        { value: "revoke", label: "Revoke", hint: "It stops at once, with all that it made." },
      ]}
    />
  );
}

/** The page that takes a member out of a team: what ends with that, and what is to be decided. */
export function RemoveMember(props: RemoveMemberProps) {
  const { email, action, leaving, tokens, typed, isMissing } = props;
  const title = leaving ? "Leave this team" : `Remove ${email}`;
  return (
    <>
      <PageHead title={title} crumbs={[{ href: "/team", label: "Team" }]} />
      {isMissing && (
        <Notice tone="danger" title={leaving ? "You have not left" : "Nobody was removed"}>
          Decide about each token below.
        </Notice>
      )}
      <Form action={action}>
        <Hold>
          <Compartment id="ends" title="What ends at once">
            <ul>
              {leaving
                ? <li>You are signed out of this team and see nothing of it any more.</li>
                : <li>They are signed out of this team.</li>}
              <li>
                {leaving ? "Your own tokens" : "Their own tokens"}, and every token made by those.
              </li>
              <li>{leaving ? "The apps that you connected." : "The apps that they connected."}</li>
            </ul>
            {leaving && <p class="hint">The last owner cannot leave.</p>}
          </Compartment>
          {tokens.length > 0 && (
            <Compartment
              id="tokens"
              title="Tokens of the team"
              about={`${
                leaving ? "You" : "They"
              } created these for the team. Whoever copied one still has it: revoke what may be in the wrong hands.`}
            >
              {tokens.map((token) => (
                <Decision key={token.id} token={token} typed={typed} isMissing={isMissing} />
              ))}
            </Compartment>
          )}
        </Hold>
        <div class="row">
          <Button tone="danger solid">{leaving ? "Leave now" : "Remove now"}</Button>
          <ButtonLink href="/team">Cancel</ButtonLink>
        </div>
      </Form>
    </>
  );
}
