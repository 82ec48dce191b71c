/** A text as Postgres can hold it: U+0000 and halves of surrogate pairs stand as U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}

/**
 * What is told of an act, as jsonb can hold it: an odd character in a name must not undo the act that it
 * is told of.
 */
export function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== "object" || value === null) return value;
  // What writes itself, such as a date, does so.
  if ("toJSON" in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [storableText(key), storable(member)]),
  );
}
