import { AppError } from "../errors.ts";
import { ABILITIES, type Ability, atLeast, type Role } from "../principal.ts";

interface Rule {
  /** The least role that may; null: whoever is signed in, for it concerns themselves alone. */
  readonly role: Role | null;
  /** Any one of these is enough for a token; none: no token ever may. */
  readonly abilities: readonly Ability[];
  /** Asks for proof of who it is again, ten minutes after the last. */
  readonly sensitive?: true;
}

/**
 * Everything that a page or a `/v1` route may need, and who has it: the one place where that is
 * decided. What is not listed is denied.
 */
export const PERMISSIONS = {
  "account:self": { role: null, abilities: [] },
  "account:confirmed": { role: null, abilities: [], sensitive: true },
  "endpoints:read": { role: "viewer", abilities: ["api:endpoints:read"] },
  "schema:read": { role: "viewer", abilities: ["api:endpoints:read", "rows:read"] },
  "endpoints:create": { role: "member", abilities: ["api:endpoints:write"] },
  "endpoints:change": { role: "member", abilities: ["api:endpoints:write"] },
  "endpoints:delete": { role: "admin", abilities: ["api:endpoints:write"], sensitive: true },
  // Only a person lets agents write; to stop them is for whoever may change the endpoint.
  "writes:change": { role: "admin", abilities: [], sensitive: true },
  "rules:read": { role: "admin", abilities: ["api:endpoints:read"] },
  "rules:write": { role: "admin", abilities: ["api:endpoints:write"], sensitive: true },
  "files:write": { role: "member", abilities: ["files:write"] },
  "files:read": { role: "viewer", abilities: ["files:read"] },
  "tokens:read": { role: "viewer", abilities: ["api:tokens:read"] },
  // One's own, also in a role that makes none any more.
  "tokens:revoke": { role: "viewer", abilities: ["api:tokens:write"] },
  "tokens:write": { role: "member", abilities: ["api:tokens:write"] },
  // Of the team: they outlive whoever makes them.
  "tokens:share": { role: "admin", abilities: [], sensitive: true },
  "tokens:mint_writing": { role: "member", abilities: ["api:tokens:write"], sensitive: true },
  // What reaches every endpoint, now and later, is as much as a person has.
  "tokens:mint_all": { role: "member", abilities: ["api:tokens:write"], sensitive: true },
  "apps:allow": { role: "viewer", abilities: [] },
  // Everybody may let an app read what they read themselves.
  "apps:allow_writing": { role: "member", abilities: [], sensitive: true },
  "apps:read": { role: "viewer", abilities: [] },
  "apps:revoke": { role: "viewer", abilities: [] },
  "apps:register": { role: "admin", abilities: [] },
  // What people may read of rows, they may read of how they were.
  "changes:read": { role: "viewer", abilities: ["api:changes:read"] },
  // Previewed, kept, and taken back in turn: nobody is asked again who they are.
  "changes:undo": { role: "admin", abilities: ["api:changes:write"] },
  "changes:decide": { role: "admin", abilities: ["api:changes:write"] },
  "activity:read": { role: "member", abilities: ["activity:read"] },
  "team:read": { role: "viewer", abilities: [] },
  "team:leave": { role: "viewer", abilities: [] },
  "team:manage": { role: "admin", abilities: [] },
  // Whoever is made an admin can add and remove people.
  "team:invite_admin": { role: "admin", abilities: [], sensitive: true },
  "team:own": { role: "owner", abilities: [], sensitive: true },
} as const satisfies Record<string, Rule>;

/** Name of a permission. */
export type Permission = keyof typeof PERMISSIONS;

/** Who asks: a person in a role, or a token with abilities that acts in one. */
export type Asker =
  | {
    readonly role: Role;
    readonly authenticatedAt: Date;
    /** Whether the team requires a second factor that the person does not have. */
    readonly factorMissing: boolean;
  }
  | { readonly role: Role; readonly abilities: ReadonlySet<Ability> };

/** Milliseconds for which one proof of who it is serves sensitive acts. */
export const RECENT_MS = 10 * 60_000;

/**
 * The one check of every page and route. A token needs the ability and the role: it may nothing that
 * whoever made it is refused as a person.
 *
 * @param permission What the route declares; undefined, where it declares nothing, is denied.
 * @param now Milliseconds since 1970.
 * @throws AppError ACCESS_DENIED (a role that may not), INSUFFICIENT_SCOPE (a token without the
 * ability), TWO_FACTOR_REQUIRED (the team's things, for a member without a second factor where the team
 * requires one), CONFIRMATION_REQUIRED (the proof of who it is is too old).
 */
export function authorize(asker: Asker, permission: Permission | undefined, now: number): void {
  if (permission === undefined || !Object.hasOwn(PERMISSIONS, permission)) {
    throw new AppError("ACCESS_DENIED");
  }
  const rule: Rule = PERMISSIONS[permission];
  if ("abilities" in asker) {
    if (!rule.abilities.length) throw new AppError("ACCESS_DENIED");
    if (!rule.abilities.some((ability) => asker.abilities.has(ability))) {
      throw new AppError(
        "INSUFFICIENT_SCOPE",
        `This token lacks the ability ${rule.abilities.join(" or ")}.`,
        { missing: { kind: "ability", name: rule.abilities.join(" or ") } },
      );
    }
    if (rule.role !== null && !atLeast(asker.role, rule.role)) {
      throw new AppError(
        "ACCESS_DENIED",
        `This needs the role ${rule.role}; this token acts as ${asker.role}.`,
      );
    }
    return;
  }
  if (rule.role !== null && !atLeast(asker.role, rule.role)) {
    throw new AppError(
      "ACCESS_DENIED",
      `This needs the role ${rule.role}; yours is ${asker.role}.`,
    );
  }
  if (rule.role !== null && asker.factorMissing) throw new AppError("TWO_FACTOR_REQUIRED");
  if (rule.sensitive && now - asker.authenticatedAt.getTime() > RECENT_MS) {
    throw new AppError("CONFIRMATION_REQUIRED");
  }
}

/** Whether whoever asks would be let through, apart from how long ago they proved who they are. */
export function may(role: Role, permission: Permission): boolean {
  const { role: least } = PERMISSIONS[permission];
  return least === null || atLeast(role, least);
}

const READING: readonly Ability[] = [
  "rows:read",
  "files:read",
  "api:endpoints:read",
  "api:changes:read",
  "api:tokens:read",
];
const ALL: ReadonlySet<Ability> = new Set(ABILITIES);
const VIEWERS: ReadonlySet<Ability> = new Set(READING);

/** The abilities of a role: what a person in it may do, and so give to a token, at most. */
export function abilitiesOf(role: Role): ReadonlySet<Ability> {
  return role === "viewer" ? VIEWERS : ALL;
}
