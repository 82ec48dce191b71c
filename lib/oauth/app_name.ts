import { cleanName } from "../text/mod.ts";

const MAX_LENGTH = 80;

/**
 * The name that an app gives itself, as it may be shown: one line, without characters that are invisible
 * or turn the text around them (an app must not be able to write into our sentences), cut where it is
 * long. Null where nothing is left.
 */
export function appName(text: string): string | null {
  const visible = cleanName(text);
  if (visible === "") return null;
  const characters = [...visible];
  return characters.length > MAX_LENGTH ? `${characters.slice(0, MAX_LENGTH).join("")}…` : visible;
}
