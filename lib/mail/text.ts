/** A mail's text: paragraphs, and at the end who it is from. */
export function mailText(baseUrl: URL, ...paragraphs: readonly string[]): string {
  return [...paragraphs, `Bulkhead, ${baseUrl.host}`].join("\n\n") + "\n";
}

/** A name that somebody chose, as a mail quotes it: on one line, and no longer than a name needs. */
export function mailQuote(name: string): string {
  return `“${name.replaceAll(/[\s\p{C}]+/gu, " ").trim().slice(0, 100)}”`;
}
