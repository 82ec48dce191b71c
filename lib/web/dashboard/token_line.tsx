import { ABILITIES } from "../../principal.ts";
import type { LineToken, TokenLine } from "../../tokens/mod.ts";
import { Compartment, Facts } from "../components/layout.tsx";
import { Badge, formatCount, Time } from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";
import { ABILITY_TEXT } from "./ability_text.ts";
import { TokenOwner } from "./token_table.tsx";

/** A token and those that it made, each with those that it made. */
interface Branch {
  readonly token: LineToken;
  readonly made: readonly Branch[];
}

/** Sets a line out as the trees that it is: what took a token's place stands beside it, not below. */
function branches(tokens: readonly LineToken[], parent: string | null): Branch[] {
  return tokens.filter(({ mintedBy }) => mintedBy === parent)
    .map((token) => ({ token, made: branches(tokens, token.id) }));
}

function State({ token, now }: { token: LineToken; now: number }) {
  const { revokedAt, expiresAt, replacedBy } = token;
  if (revokedAt) return replacedBy ? <Badge>Replaced</Badge> : <Badge>Revoked</Badge>;
  if (expiresAt && expiresAt.getTime() <= now) return <Badge>Expired</Badge>;
  if (replacedBy) return <Badge tone="accent">Being replaced</Badge>;
  return <Badge tone="good">Active</Badge>;
}

interface LineProps {
  /** The token whose page it is. */
  shown: string;
  /** Milliseconds since 1970. */
  now: number;
  /** Whether who looks may read the activity log. */
  mayFollow: boolean;
}

function Node({ branch: { token, made }, ...props }: LineProps & { branch: Branch }) {
  const { shown, now, mayFollow } = props;
  const isOver = token.revokedAt || (token.expiresAt && token.expiresAt.getTime() <= now);
  return (
    <li>
      <div class="row">
        {token.id === shown
          ? (
            <strong aria-current="true">
              <Visible text={token.name} />
            </strong>
          )
          : isOver
          ? (
            <span>
              <Visible text={token.name} />
            </span>
          )
          : (
            <a href={`/tokens/${token.id}`}>
              <Visible text={token.name} />
            </a>
          )}
        <code class="soft">{token.prefix}…</code>
        <State token={token} now={now} />
      </div>
      <div class="soft small">
        Created <Time at={token.createdAt} />
        {" · "}
        {token.lastUsedAt
          ? (
            <>
              last used <Time at={token.lastUsedAt} />
              {token.lastUsedNetwork && (
                <>
                  {" "}
                  from <code>{token.lastUsedNetwork}</code>
                </>
              )}
            </>
          )
          : "never used"}
        {mayFollow && (
          <>
            {" · "}
            <a href={`/activity?token=${token.id}`} aria-label={`What ${token.name} did`}>
              what it did
            </a>
          </>
        )}
      </div>
      {made.length > 0 && (
        <ul>
          {made.map((branch) => <Node key={branch.token.id} branch={branch} {...props} />)}
        </ul>
      )}
    </li>
  );
}

/** The tree of tokens that a token stands in: what made it, and what it made. */
export function LineTree({ line, now, mayFollow }: {
  line: TokenLine;
  now: number;
  mayFollow: boolean;
}) {
  const { token, tokens, more } = line;
  if (tokens.length === 1) {
    const used = tokens[0]!;
    return (
      <Compartment id="line" title="Use">
        <ul class="line-tree">
          <Node
            branch={{ token: used, made: [] }}
            shown={token.id}
            now={now}
            mayFollow={mayFollow}
          />
        </ul>
      </Compartment>
    );
  }
  return (
    <Compartment
      id="line"
      title="Tokens made by tokens"
      about="A token ends with the one that made it, shares its rate limit, and cannot approve what any other of these asked for."
    >
      <ul class="line-tree">
        {branches(tokens, null).map((branch) => (
          <Node
            key={branch.token.id}
            branch={branch}
            shown={token.id}
            now={now}
            mayFollow={mayFollow}
          />
        ))}
      </ul>
      {more && <p class="hint">There are more; only the first {tokens.length} are shown.</p>}
    </Compartment>
  );
}

/** What a token may do, where, and within which limits. */
export function TokenFacts({ token }: { token: TokenLine["token"] }) {
  const { endpoints, expiresAt, networks, callsPerMinute, review, scope, abilities } = token;
  return (
    <Compartment id="facts" title="Token">
      <Facts
        facts={[
          { label: "Owner", value: <TokenOwner token={token} /> },
          {
            label: "Permissions",
            value: ABILITIES.filter((one) => abilities.includes(one))
              .map((one) => ABILITY_TEXT[one].label).join(", "),
          },
          ...(scope === "mcp:write"
            ? [{ label: "Writes", value: review ? "After approval" : "As the endpoint says" }]
            : []),
          {
            label: "Endpoint access",
            value: endpoints === "all"
              ? "Every endpoint"
              : endpoints.map(({ name }) => name).join(", ") || "Nothing any more",
          },
          { label: "Expires", value: expiresAt ? <Time at={expiresAt} /> : "Never" },
          { label: "Allowed IPs", value: networks?.join(", ") ?? "From anywhere" },
          {
            label: "Rate limit",
            value: callsPerMinute ? `${formatCount(callsPerMinute)} calls a minute` : "None",
          },
        ]}
      />
    </Compartment>
  );
}
