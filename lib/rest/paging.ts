import { z } from "zod";
import { AppError } from "../errors.ts";
import type { AnyId } from "../ids.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** Query parameters of a list. */
export const pageQuery = z.strictObject({
  limit: z.string().refine((text) => /^\d{1,4}$/.test(text), "must be a whole number")
    .transform(Number).pipe(z.int().min(1).max(MAX_LIMIT)).default(DEFAULT_LIMIT)
    .meta({
      description: "How many to answer at most.",
      type: "integer",
      default: DEFAULT_LIMIT,
      minimum: 1,
      maximum: MAX_LIMIT,
    }),
  cursor: z.string().max(100).optional()
    .describe("`next_cursor` of the page before."),
});

/** The answer of a list: a page of items and where the next one begins. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().describe("Null on the last page."),
  });
}

/** Makes an opaque cursor of the last id of a page. */
export function toCursor(id: AnyId): string {
  return Uint8Array.fromHex(id.replaceAll("-", ""))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/** The id that a cursor stands for; throws INVALID_CURSOR. */
export function fromCursor<Id extends AnyId>(cursor: string | undefined): Id | null {
  if (cursor === undefined) return null;
  if (!/^[\w-]{22}$/.test(cursor)) throw new AppError("INVALID_CURSOR");
  try {
    const hex = Uint8Array.fromBase64(cursor, { alphabet: "base64url" }).toHex();
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") as Id;
  } catch {
    throw new AppError("INVALID_CURSOR");
  }
}
