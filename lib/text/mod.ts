/** Text that people read: what cannot be seen in it, and names that are not what they look like. */
export { cleanName, displayName, exactName, NAME_LENGTH } from "./names.ts";
export { domainHint, lookAlikeHint } from "./scripts.ts";
export {
  hasUnseen,
  type TextPart,
  type VisibleOptions,
  visibleParts,
  visibleText,
} from "./visible.ts";
