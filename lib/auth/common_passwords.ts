let known: Promise<ReadonlySet<string>> | undefined;

/** Read when the first password is set: 49,000 entries that most processes never need. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  return known ??= import("@zxcvbn-ts/language-common").then(({ dictionary }) =>
    new Set(dictionary["passwords-common"])
  );
}

/** What is left of a password without what is usually put around it. */
const core = (password: string) => password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");

/**
 * Tells whether a password is among those that are tried first: a common one, one with digits and marks
 * around it (`password2024!`), the same thing over and over, or the account's own address.
 */
export async function isCommonPassword(password: string, email: string): Promise<boolean> {
  const common = await commonPasswords();
  const text = password.toLowerCase();
  const [name = ""] = email.split("@");
  const repeated = /^(.+?)\1+$/su.exec(text)?.[1] ?? text;
  const own = [email, name].filter((part) => part.length > 2);
  return [text, core(text), repeated].some((form) => common.has(form) || own.includes(form)) ||
    repeated.length < 4;
}
