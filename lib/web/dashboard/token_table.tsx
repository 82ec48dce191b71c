import { ABILITIES } from "../../principal.ts";
import type { TokenView } from "../../tokens/mod.ts";
import { Button, Form } from "../components/form.tsx";
import { Badge, type Column, Confirm, formatCount, Table, Time } from "../components/pieces.tsx";
import { ABILITY_TEXT } from "./ability_text.ts";
import { ReachedTables } from "./table_reach.tsx";
import { Visible } from "../components/visible_text.tsx";

/** Whose token it is: the team's, or a person's. */
export function TokenOwner(
  { token: { team, maker } }: { token: Pick<TokenView, "team" | "maker"> },
) {
  const person = maker?.email ?? "a former member";
  return (
    <div class="soft small">
      {team
        ? (
          <>
            <Badge tone="accent">Team</Badge> created by {person}
          </>
        )
        : person}
    </div>
  );
}

function Name({ token }: { token: TokenView }) {
  return (
    <>
      <a href={`/tokens/${token.id}`}>
        <Visible text={token.name} />
      </a>
      <br />
      <code class="soft">{token.prefix}…</code>
      <TokenOwner token={token} />
      {(token.replacedBy || token.unused) && (
        <ul class="plain">
          {token.replacedBy && (
            <li>
              <Badge tone="accent">Replaced by a new one</Badge>
            </li>
          )}
          {token.unused && (
            <li>
              <Badge tone="warn">Unused for 90 days</Badge>
            </li>
          )}
        </ul>
      )}
    </>
  );
}

function Power({ token: { abilities, scope, review } }: { token: TokenView }) {
  return (
    <ul class="plain">
      {ABILITIES.filter((ability) => abilities.includes(ability)).map((ability) => (
        <li key={ability}>{ABILITY_TEXT[ability].label}</li>
      ))}
      {scope === "mcp:write" && review && (
        <li>
          <Badge tone="good">Approval required</Badge>
        </li>
      )}
    </ul>
  );
}

function Reach({ endpoints }: Pick<TokenView, "endpoints">) {
  if (endpoints === "all") return <Badge tone="warn">Every endpoint</Badge>;
  if (endpoints.length === 0) return <Badge>Nothing any more</Badge>;
  return (
    <ul class="plain">
      {endpoints.map(({ slug, name, tables }) => (
        <li key={slug}>
          <a href={`/endpoints/${slug}`}>
            <Visible text={name} />
          </a>
          {tables && (
            <span class="small soft">
              {": "}
              <ReachedTables tables={tables} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Limits({ token, now }: { token: TokenView; now: number }) {
  const { networks, callsPerMinute, expiresAt } = token;
  return (
    <ul class="plain">
      <li>
        {!expiresAt
          ? <Badge tone="warn">Never expires</Badge>
          : expiresAt.getTime() <= now
          ? <Badge tone="danger">Expired</Badge>
          : (
            <>
              Until <Time at={expiresAt} />
            </>
          )}
      </li>
      {networks?.map((network) => (
        <li key={network}>
          From <code>{network}</code>
        </li>
      ))}
      {callsPerMinute && <li>{formatCount(callsPerMinute)} calls a minute</li>}
    </ul>
  );
}

function LastUse({ token: { lastUsedAt, lastUsedNetwork } }: { token: TokenView }) {
  if (!lastUsedAt) return <>Never</>;
  return (
    <>
      <Time at={lastUsedAt} />
      {lastUsedNetwork && (
        <>
          <br />
          <span class="soft">
            from <code>{lastUsedNetwork}</code>
          </span>
        </>
      )}
    </>
  );
}

function Actions({ token, now }: { token: TokenView; now: number }) {
  const expired = token.expiresAt !== null && token.expiresAt.getTime() <= now;
  return (
    <div class="row">
      {!expired && !token.replacedBy && (
        <a
          class="button quiet"
          href={`/tokens/${token.id}/rotate`}
          aria-label={`Rotate ${token.name}`}
        >
          Rotate
        </a>
      )}
      <a
        class="button quiet"
        href={`/tokens/${token.id}/leaked`}
        aria-label={`${token.name} has leaked`}
      >
        Leaked?
      </a>
      <Confirm summary="Revoke" label={`Revoke ${token.name}`} quiet>
        <p class="small">
          Whoever uses this token is refused at once, and every token that was made by it ends.
        </p>
        <Form action={`/tokens/${token.id}/revoke`} inline>
          <Button tone="danger solid" label={`Revoke ${token.name} now`}>Revoke now</Button>
        </Form>
      </Confirm>
    </div>
  );
}

const columns = (now: number, mayChange: boolean): Column<TokenView>[] => [
  { head: "Name", cell: (token) => <Name token={token} /> },
  { head: "May", cell: (token) => <Power token={token} /> },
  { head: "Reaches", cell: ({ endpoints }) => <Reach endpoints={endpoints} /> },
  { head: "Limits", cell: (token) => <Limits token={token} now={now} /> },
  { head: "Last used", cell: (token) => <LastUse token={token} /> },
  ...(mayChange
    ? [{
      head: "Actions",
      headHidden: true,
      cell: (token: TokenView) => <Actions token={token} now={now} />,
    }]
    : []),
];

interface TokenTableProps {
  tokens: readonly TokenView[];
  /** Milliseconds since 1970. */
  now: number;
  /** Whether who looks may rotate and revoke. */
  mayChange: boolean;
}

/** The tokens of a team: what each may do and where, within which limits, and when it was used. */
export function TokenTable({ tokens, now, mayChange }: TokenTableProps) {
  return <Table caption="Tokens" columns={columns(now, mayChange)} rows={tokens} />;
}
