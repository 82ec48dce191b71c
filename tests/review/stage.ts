import type { ChangeId, TokenId } from "../../lib/ids.ts";
import { carryOver, ROUND_LIMIT } from "../../lib/journal/mod.ts";
import { newId } from "../../lib/ids.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import {
  type Approval,
  approveChange,
  callTool,
  listReview,
  loadManifest,
  readReview,
  rejectChange,
  type ReviewView,
} from "../../lib/tools/mod.ts";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { type ToolEndpoint, toolEndpoint } from "../tools/fixture.ts";

const SHOP = `
  CREATE TABLE item (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL, price numeric(10, 2) NOT NULL DEFAULT 1.50, country text, secret text
  );
  CREATE TABLE customer (id int PRIMARY KEY, mail text NOT NULL UNIQUE);
  CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer);
  INSERT INTO item (name, price, country, secret)
    SELECT 'i' || n, n, CASE WHEN n % 2 = 0 THEN 'NO' ELSE 'SE' END, 'canary' || n
    FROM generate_series(1, 200) n;
  INSERT INTO customer SELECT n, 'm' || n FROM generate_series(1, 5) n;
`;

/** An agent with a token of its own. */
export interface Agent {
  readonly tokenId: TokenId;
  readonly scope: EndpointScope;
  /** Calls a tool under the manifest of now; answers its structured content, or its fault. */
  // deno-lint-ignore no-explicit-any -- each test knows the shape of what it asked for
  ask(tool: string, args: unknown): Promise<any>;
}

/** An endpoint whose writes wait for a person, who is `scope`, and an agent that writes. */
export interface Stage extends AsyncDisposable {
  readonly shop: ToolEndpoint;
  readonly scope: EndpointScope;
  readonly agent: Agent;
  newAgent(options?: { review?: boolean; kind?: "mcp" | "rest" }): Promise<Agent>;
  /** What waits, the oldest first. */
  waiting(): Promise<ReviewView[]>;
  /** Rows of a query as the owner. */
  rows(query: string): Promise<Record<string, unknown>[]>;
  stateOf(change: ChangeId): Promise<string>;
}

/** Makes it. */
export async function reviewStage(writes: "review" | "direct" = "review"): Promise<Stage> {
  const shop = await toolEndpoint(SHOP, writes);
  const { services, scope } = shop;

  async function newAgent(
    { review = false, kind = "mcp" }: { review?: boolean; kind?: "mcp" | "rest" } = {},
  ): Promise<Agent> {
    const { view } = await mintToken(services, shop.tenant.scope, {
      name: "agent",
      scope: "mcp:write",
      abilities: ["rows:read", "rows:insert", "rows:update", "rows:delete"],
      endpoints: "all",
    });
    const principal = { ...scope.principal, kind, tokenId: view.id, label: "agent", review };
    const own: EndpointScope = { ...scope, principal, requestId: newId() };
    return {
      tokenId: view.id,
      scope: own,
      async ask(tool, args) {
        const { endpoint } = await enterEndpoint(services, own, scope.endpoint.slug);
        const now = { ...own, endpoint };
        const manifest = await loadManifest(services, now);
        const answer = await callTool(services, now, manifest, tool, args);
        return answer.isError ? { fault: answer.text } : JSON.parse(answer.structured!);
      },
    };
  }

  return {
    shop,
    scope,
    agent: await newAgent(),
    newAgent,
    async waiting() {
      const page = { state: "queued", after: null, limit: 100 } as const;
      return (await listReview(services, scope, page, NOBODY_LOOKS)).changes;
    },
    rows: (query) => shop.owner((sql) => sql.unsafe(query)),
    async stateOf(change) {
      const [row] = await shop.owner((sql) =>
        sql`SELECT state FROM bulkhead.changes WHERE id = ${change}`
      );
      return row!["state"];
    },
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

/** Arguments that give an item another price. */
export const price = (id: number, value: number) => ({
  table: "item",
  key: id,
  values: { price: value },
});

/** Reads up to so many rows, and shows them to nobody. */
const NOBODY_LOOKS = { rows: 20, shown: null } as const;

/** Looks at every row of a change, page by page; answers what to say of it when it is approved. */
export async function lookAt(
  { services }: Pick<Stage["shop"], "services">,
  scope: EndpointScope,
  change: ChangeId,
): Promise<Approval> {
  for (let after = 0;;) {
    const view = await readReview(services, scope, change, { after, rows: 50, shown: 50 });
    if (view.next === null) return { version: view.version ?? "", unseen: view.unseen! };
    after = view.next;
  }
}

/** Approves as the stage's person, who looks at all of it before, unless a version is given. */
export async function approve(stage: Stage, change: ChangeId, version?: string | null) {
  const { shop, scope } = stage;
  const looked = await lookAt(shop, scope, change);
  await approveChange(shop.services, scope, change, {
    ...looked,
    ...(version ? { version } : {}),
  });
}

/** Rejects as the stage's person. */
export const reject = ({ shop, scope }: Stage, change: ChangeId, note: string | null = null) =>
  rejectChange(shop.services, scope, change, note);

/** An item's price. */
export async function priceOf({ rows }: Stage, id: number) {
  const [row] = await rows(`SELECT price FROM item WHERE id = ${id}`);
  return row!["price"];
}

/** How many rows the journal has entries of. */
export async function journalled({ rows }: Stage): Promise<number> {
  return (await rows("SELECT FROM bulkhead.journal WHERE op <> 'rules'")).length;
}

/** The audit entries of an action, once the relay has been. */
export async function audited({ shop, scope }: Stage, action: string) {
  await shop.owner((sql) =>
    carryOver(shop.services.control, scope.endpoint, sql, { limit: ROUND_LIMIT, wait: true })
  );
  return await shop.services.control.tenant(
    scope.tenantId,
    (tx) =>
      tx`SELECT user_id, token_id, actor_kind, subject, detail FROM audit_events
      WHERE action = ${action} ORDER BY at`,
  );
}
