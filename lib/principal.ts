import type { EndpointId, GrantId, RequestId, Slug, TenantId, TokenId, UserId } from "./ids.ts";
import type { CallSignal } from "./call_signal.ts";
import { AppError } from "./errors.ts";
import {
  reachedTables,
  type TableAccess,
  type TableReach,
  type TableReaches,
} from "./table_reach.ts";

/** Name of the cache of valid tokens, for whoever ends tokens and makes every replica forget them. */
export const TOKEN_CACHE = "tokens.credential";

/** From where an action comes. */
export type ActorKind = "dashboard" | "mcp" | "rest" | "agent" | "system";

/**
 * What a token may be allowed to do. `rows:*` and `files:*` bound what MCP tools do; `api:*` bounds
 * `/v1`.
 */
export const ABILITIES = [
  "rows:read",
  "rows:insert",
  "rows:update",
  "rows:delete",
  "files:read",
  "files:write",
  "activity:read",
  "api:endpoints:read",
  "api:endpoints:write",
  "api:changes:read",
  "api:changes:write",
  "api:tokens:read",
  "api:tokens:write",
] as const;

/** One ability. */
export type Ability = typeof ABILITIES[number];

/** The abilities that change rows: what the scope `mcp` rules out. */
export const ROW_WRITES: readonly Ability[] = ["rows:insert", "rows:update", "rows:delete"];

/** Tells whether an ability lets things be changed, not only seen. */
export function changesThings(ability: Ability): boolean {
  return !ability.endsWith(":read");
}

/** The outer bound of a credential on MCP: reading, or reading and writing. */
export type Scope = "mcp" | "mcp:write";

/** What a member of a tenant may do there, most first. */
export const ROLES = ["owner", "admin", "member", "viewer"] as const;

/** One role. */
export type Role = typeof ROLES[number];

/** Whether a role is another or more. */
export function atLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(least);
}

/** A number of calls a minute that several tokens share. */
export interface Budget {
  /** What stands for those that share it: the first of the tokens that took one another's place. */
  readonly of: string;
  readonly calls: number;
}

/** Who acts: resolved once at the border, trusted inside. Never widened. */
export interface Principal {
  readonly kind: ActorKind;
  readonly tenantId: TenantId;
  readonly userId: UserId | null;
  readonly tokenId: TokenId | null;
  /** Shown in audit and logs, for example a token's name or an e-mail address. */
  readonly label: string;
  readonly scope: Scope;
  readonly abilities: ReadonlySet<Ability>;
  /**
   * As what they act: the role that the person has now, and a token's maker; of a token that others made,
   * the least role of all their makers. `admin` for tokens of the team.
   */
  readonly role: Role;
  /** Whether it is a token of the team, and no person's. */
  readonly team?: boolean;
  /** The tree of tokens, or the connection, that a token belongs to: one pair of eyes. */
  readonly line?: string;
  /** Whether what it changes in rows waits for a person's approval, whatever the endpoint says. */
  readonly review: boolean;
  /** How often it may call in a minute, by itself and with others; absent: as often as it likes. */
  readonly budgets?: readonly Budget[];
  /** The connection that an OAuth access token belongs to; absent for every other credential. */
  readonly grantId?: GrantId;
  /** The endpoints that are covered; `"all"` means each of the tenant's, now and later. */
  readonly endpoints: "all" | ReadonlySet<EndpointId>;
  /** Endpoints of which it reaches chosen tables alone; absent: all tables of every one. */
  readonly tables?: TableReaches;
}

/** What a request carries through the house. */
export interface RequestScope {
  readonly requestId: RequestId;
  readonly principal: Principal;
  readonly tenantId: TenantId;
  /** The client's network: IPv4 /24, IPv6 /48; null where unknown. */
  readonly network: string | null;
  /** Aborted when the client goes away or the request is cancelled. */
  readonly signal: CallSignal;
}

/** What is known of an endpoint that a request may enter. */
export interface EndpointRef {
  readonly id: EndpointId;
  readonly tenantId: TenantId;
  readonly slug: Slug;
  readonly name: string;
  /** Rises with every rebuild of the manifest; 0 before the first. */
  readonly manifestVersion: number;
  readonly settings: EndpointSettings;
}

/** What a tenant may set for an endpoint. */
export interface EndpointSettings {
  /** Form of the text that accompanies structured answers. */
  readonly textFormat: "compact" | "json";
  /** Whether `llms.txt` is served without a token. */
  readonly publicLlmsTxt: boolean;
  /** Whether agents may change rows: not at all, at once, or after a person has looked. */
  readonly writes: "off" | "direct" | "review";
  /**
   * Whether a table that is loaded is open to whoever reaches all tables, or waits until somebody opens
   * it. `auto`: it waits once a field rule or a reach of tables has been set.
   */
  readonly newTables: "auto" | "open" | "wait";
}

/** A request that has been let into one endpoint: only `enterEndpoint` makes one. */
export interface EndpointScope extends RequestScope {
  readonly endpoint: EndpointRef;
}

/** Tells whether a principal's credential covers an endpoint of its tenant. */
export function covers(principal: Principal, endpoint: { id: EndpointId; tenantId: TenantId }) {
  return principal.tenantId === endpoint.tenantId &&
    (principal.endpoints === "all" || principal.endpoints.has(endpoint.id));
}

/** The tables of an endpoint that a principal reaches; null: all of them. */
export function reachIn(principal: Principal, endpoint: EndpointId): TableReach | null {
  return principal.tables?.get(endpoint) ?? null;
}

/** The names of the tables that a scope reaches, by what it may do there at least; null: all of them. */
export function reachedIn(
  { principal, endpoint }: Pick<EndpointScope, "principal" | "endpoint">,
  access: TableAccess = "read",
): readonly string[] | null {
  return reachedTables(reachIn(principal, endpoint.id), access);
}

/** Throws INSUFFICIENT_SCOPE where the principal may not change rows of a table that it reaches. */
export function requireTableWrite(scope: EndpointScope, table: string): void {
  if (reachedIn(scope, "write")?.includes(table) ?? true) return;
  throw new AppError("INSUFFICIENT_SCOPE", `This credential only reads the table ${table}.`, {
    missing: { kind: "reach", table },
  });
}

/** Whether the person whom an app acts for may let it change rows: viewers only read. */
export function mayLetWrite({ role }: Principal): boolean {
  return atLeast(role, "member");
}

/** Throws INSUFFICIENT_SCOPE unless the principal has the ability. */
export function requireAbility(principal: Principal, ability: Ability): void {
  if (!principal.abilities.has(ability)) {
    // What an app was let in to read with, it may ask to write with.
    const scope = ROW_WRITES.includes(ability) ? { scope: "mcp mcp:write" } : {};
    const who = principal.grantId ? "connection" : principal.tokenId ? "token" : "account";
    throw new AppError("INSUFFICIENT_SCOPE", `This ${who} lacks the ability ${ability}.`, {
      ...scope,
      missing: { kind: "ability", name: ability },
    });
  }
}
