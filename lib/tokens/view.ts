import type { EndpointId, Slug, TokenId, UserId } from "../ids.ts";
import type { Ability, Scope } from "../principal.ts";
import type { StoredReach } from "../table_reach.ts";

/** An endpoint that a token is bound to. */
export interface TokenEndpoint {
  readonly id: EndpointId;
  readonly slug: Slug;
  readonly name: string;
  /** The tables that it reaches there; null: all, also those that come later. */
  readonly tables: StoredReach | null;
}

/** What may be shown of a token after it was minted: never the token itself. */
export interface TokenView {
  readonly id: TokenId;
  readonly name: string;
  /** The token's first 12 characters. */
  readonly prefix: string;
  readonly scope: Scope;
  readonly abilities: readonly Ability[];
  /** `"all"`: each of the tenant's, now and later. A list that is empty covers nothing any more. */
  readonly endpoints: "all" | readonly TokenEndpoint[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** The networks, in CIDR notation, that it is taken from; null: from anywhere. */
  readonly networks: readonly string[] | null;
  /** How often it may call in a minute; null: as often as it likes. */
  readonly callsPerMinute: number | null;
  /** Whether what it changes in rows waits for a person. */
  readonly review: boolean;
  /** The token that took its place; this one goes on until it expires. */
  readonly replacedBy: TokenId | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
  /** From where that was: IPv4 /24, IPv6 /48. */
  readonly lastUsedNetwork: string | null;
  /** Whether nobody has used it for 90 days. */
  readonly unused: boolean;
  /** Whether it is the team's, and outlives the membership of who made it. */
  readonly team: boolean;
  /** The token that made it; null: a person did. */
  readonly mintedBy: TokenId | null;
  /** The first token of its tree: that one's id. */
  readonly line: string;
  /** Who made it; without an address where they are no member any more, null where the account is gone. */
  readonly maker: { readonly id: UserId; readonly email: string | null } | null;
}

/** A token that was made just now: the only time that it is shown. */
export interface MintedToken {
  readonly token: string;
  readonly view: TokenView;
}
