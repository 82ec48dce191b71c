/**
 * An address as a page shows it to somebody who may hold no more than a link: enough to recognize one's
 * own (`a•••e@example.com`), too little to write to.
 */
export function maskedEmail(email: string): string {
  const at = email.lastIndexOf("@");
  const name = [...email.slice(0, at)];
  const last = name.length > 3 ? name.at(-1)! : "";
  return `${name[0] ?? ""}•••${last}${email.slice(at)}`;
}
