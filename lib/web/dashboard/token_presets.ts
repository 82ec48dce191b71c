import { ABILITIES, type Ability, ROW_WRITES } from "../../principal.ts";

/** Days after which a token expires unless the person chooses otherwise. */
export const SUGGESTED_DAYS = 90;

/** What a choice of permissions comes to. */
interface Preset {
  readonly label: string;
  readonly hint: string;
  readonly abilities: readonly Ability[];
  /** Whether its writes wait for a person. */
  readonly review: boolean;
}

/** The choices of permissions that each work as they stand. */
export const TOKEN_PRESETS = {
  read: {
    label: "Read",
    hint: "Look at tables and rows. It never changes anything.",
    abilities: ["rows:read"],
    review: false,
  },
  write: {
    label: "Read and write after approval",
    hint: "It may add, change and delete rows; nothing happens until somebody has approved it. " +
      "The endpoint must have writes turned on.",
    abilities: ["rows:read", ...ROW_WRITES],
    review: true,
  },
  manage: {
    label: "Manage",
    hint: "For programs that use the REST API: endpoints, imports, changes, tokens and activity, " +
      "as far as your role goes. It changes rows by importing files alone.",
    abilities: ABILITIES.filter((ability) => !ROW_WRITES.includes(ability)),
    review: false,
  },
} as const satisfies Readonly<Record<string, Preset>>;

/** The names of the choices, and of the one that is ticked ability by ability. */
export const PERMISSION_CHOICES = ["read", "write", "manage", "custom"] as const;

/** One of them. */
export type PermissionChoice = typeof PERMISSION_CHOICES[number];

/** Names of the fields under Advanced: where one of them is wrong, that part stands open. */
export const ADVANCED_FIELDS = ["abilities", "review", "networks", "calls_per_minute"] as const;
