import type { ActivityEntry } from "../../audit/mod.ts";
import { type Happening, happenings } from "./activity_words.ts";
import { Visible } from "../components/visible_text.tsx";

const KINDS: Readonly<Record<ActivityEntry["kind"], string>> = {
  dashboard: "Dashboard",
  mcp: "MCP",
  rest: "REST API",
  agent: "Agent",
  system: "Bulkhead",
};

const by = (name: string, value: string) => `/activity?${new URLSearchParams({ [name]: value })}`;

/** Who did it: the app or the token, and the person whose it is. */
function Who({ entry }: { entry: ActivityEntry }) {
  const { userId, email, tokenId, tokenName, appId, appName } = entry;
  const app = appName ?? "An app";
  return (
    <>
      {(tokenId || appName) && (
        <span>
          {appId
            ? (
              <a href={by("app", appId)}>
                <Visible text={app} />
              </a>
            )
            : tokenId
            ? (
              <a href={by("token", tokenId)}>
                <Visible text={tokenName ?? app} />
              </a>
            )
            : <Visible text={app} />}
        </span>
      )}
      {userId && (
        <span>
          <a href={by("user", userId)}>
            <Visible text={email ?? "Someone who left"} />
          </a>
        </span>
      )}
    </>
  );
}

function Event({ happening }: { happening: Happening }) {
  const { entry, what, subject, place, facts, changePath, leakPath, fix } = happening;
  const { kind, network, endpointId, endpointName } = entry;
  const endpoint = endpointId && endpointName !== subject ? endpointName : null;
  const from = network ? `${KINDS[kind]}, ${network}` : KINDS[kind];
  return (
    <li class="event">
      <time
        dateTime={entry.at.toISOString()}
        title={`${entry.at.toISOString()}, entry ${entry.seq}`}
      >
        {entry.at.toISOString().slice(11, 16)}
      </time>
      <div class="told">
        <p>
          <strong>{what}</strong>
          {place ? ` ${place} ` : " "}
          {place
            ? (
              <code>
                <Visible text={subject} />
              </code>
            )
            : <Visible text={subject} />}
        </p>
        {(facts.length > 0 || endpoint || changePath || leakPath || fix) && (
          <p class="facts-line">
            {facts.map((fact) => <Visible key={fact} text={fact} />)}
            {endpoint && (
              <span>
                <a href={by("endpoint", endpointId!)}>
                  <Visible text={endpoint} />
                </a>
              </span>
            )}
            {changePath && <a href={changePath}>See the change</a>}
            {fix && <a href={fix.path}>{fix.text}</a>}
            {leakPath && <a href={leakPath}>What to do about it</a>}
          </p>
        )}
      </div>
      <div class="who">
        <Who entry={entry} />
        <span>{from}</span>
      </div>
    </li>
  );
}

const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeZone: "UTC" });

/** What happened, newest first, day by day. */
export function ActivityLog({ entries }: { entries: readonly ActivityEntry[] }) {
  const days = Map.groupBy(happenings(entries), ({ entry }) => day.format(entry.at));
  return (
    <div class="log">
      {[...days].map(([name, of]) => (
        <section key={name} aria-label={name}>
          <h2>
            {name} <span class="soft">UTC</span>
          </h2>
          <ol>{of.map((one) => <Event key={one.entry.id} happening={one} />)}</ol>
        </section>
      ))}
    </div>
  );
}
