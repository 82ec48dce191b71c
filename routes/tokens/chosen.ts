import { z } from "zod";
import { parseNetwork } from "../../lib/http/mod.ts";
import { ABILITIES, type Ability } from "../../lib/principal.ts";
import { displayName } from "../../lib/text/mod.ts";
import { MAX_CALLS_PER_MINUTE, MAX_NETWORKS } from "../../lib/tokens/mod.ts";
import {
  formatCount,
  PERMISSION_CHOICES,
  SUGGESTED_DAYS,
  TOKEN_PRESETS,
} from "../../lib/web/mod.ts";

/** What was typed into the box, one network a line or set apart by commas. */
const networks = z.string().default("").transform((text, ctx) => {
  const typed = text.split(/[\s,]+/).filter((word) => word !== "");
  if (typed.length > MAX_NETWORKS) {
    ctx.addIssue({ code: "custom", message: `Name ${MAX_NETWORKS} networks at most.` });
  }
  const fault = typed.find((word) => parseNetwork(word) === null);
  if (fault !== undefined) {
    ctx.addIssue({
      code: "custom",
      message: `“${fault.slice(0, 60)}” is no address and no range such as 192.0.2.0/24.`,
    });
  }
  return typed;
});

const CALLS = `Type a whole number from 1 to ${formatCount(MAX_CALLS_PER_MINUTE)}, or nothing.`;

const calls = z.string().default("").transform((text) => text.trim())
  .refine((text) => /^\d{0,6}$/.test(text), CALLS)
  .transform((text) => text === "" ? null : Number(text))
  .refine((count) => count === null || count > 0 && count <= MAX_CALLS_PER_MINUTE, CALLS);

/** What the form sends. */
export const tokenFields = z.object({
  name: displayName,
  permissions: z.enum(PERMISSION_CHOICES, "Choose what it may do.").optional(),
  abilities: z.array(z.enum(ABILITIES)),
  reach: z.enum(["some", "all"], "Choose what the token reaches."),
  endpoints: z.array(z.string()),
  expiry: z.enum(["suggested", "date", "never"], "Choose when it stops working.").optional(),
  expires: z.union([z.literal(""), z.iso.date("Type a date.")]).default(""),
  networks,
  calls_per_minute: calls,
  review: z.literal("yes").optional(),
  team: z.literal("yes").optional(),
});

/** What was typed, in the form's own terms. */
export type Typed = z.infer<typeof tokenFields>;
/** What is wrong, by field. */
export type Faults = Readonly<Record<string, string>>;

/**
 * What was chosen: one of the choices as it stands, or what is ticked. What is ticked beside another choice
 * is not taken for either.
 */
export function permissionsOf({ permissions, abilities, review }: Typed): Permissions | Refused {
  const chosen = permissions ?? (abilities.length ? "custom" : null);
  if (chosen === null) return { faults: { permissions: "Choose what it may do." } };
  if (chosen === "custom") {
    if (!abilities.length) {
      return { faults: { abilities: "Tick at least one, or choose another permission." } };
    }
    return { abilities, review: review === "yes" };
  }
  const preset = TOKEN_PRESETS[chosen];
  if (abilities.length || (review && !preset.review)) {
    const permissions = "Choose “Custom” for what is ticked under Advanced, or untick it.";
    return { faults: { permissions } };
  }
  return { abilities: preset.abilities, review: preset.review };
}

interface Refused {
  readonly faults: Faults;
}

interface Permissions {
  readonly abilities: readonly Ability[];
  readonly review: boolean;
}

/** The last moment of a day in UTC: the day that was chosen is still covered. */
const endOfDay = (date: string) => new Date(`${date}T23:59:59Z`);

/** When it expires: in so many days, where nothing else was said. */
export function expiryOf({ expiry, expires }: Typed, now: number): Date | null | Refused {
  const chosen = expiry ?? (expires ? "date" : "suggested");
  if (chosen === "never") return null;
  if (chosen === "date") {
    return expires ? endOfDay(expires) : { faults: { expires: "Choose a day." } };
  }
  return endOfDay(new Date(now + SUGGESTED_DAYS * 86_400_000).toISOString().slice(0, 10));
}
