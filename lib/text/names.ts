import { z } from "zod";
import { visibleParts } from "./visible.ts";

/** Characters of a name at most. */
export const NAME_LENGTH = 200;

/**
 * A name as it may be chosen: one line without invisible characters, with single plain spaces. Every name
 * that a person, a program, an app or a file brings along goes through here.
 */
export function cleanName(text: string): string {
  const spaced = text.normalize("NFC").replace(/[\p{Z}\t\r\n\u0085\u2800]+/gu, " ");
  return visibleParts(spaced).map((part) => "text" in part ? part.text : "").join("")
    .replace(/ +/g, " ").trim();
}

/** As `displayName`, of a program: it is told what its name may not hold, and nothing is changed. */
export const exactName = z.string().trim().min(1).max(NAME_LENGTH)
  .refine((text) => cleanName(text) === text.normalize("NFC").replace(/ +/g, " "), {
    error: "must be one line without invisible characters",
  });

/** A name that people read, as a form or a program gives it: cleaned, 1 to 200 characters. */
export const displayName = z.string("Type a name.").overwrite(cleanName)
  .min(1, "Type a name.").max(NAME_LENGTH, "Use 200 characters at most.");
