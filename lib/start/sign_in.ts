import { emailAddress, LOCAL_ADDRESS, operatorSignIn } from "../auth/mod.ts";
import type { Arguments } from "../launch/mod.ts";
import { StartupError } from "../postgres/mod.ts";
import type { Services } from "../services.ts";

/** The address of the command line as accounts have it; null where it is none. */
function addressOf(typed: string): string | null {
  return typed === LOCAL_ADDRESS ? typed : emailAddress.safeParse(typed).data ?? null;
}

/**
 * Refuses a start that asks a link for what is no address, before anything runs.
 *
 * @throws StartupError
 */
export function requireAddress(signIn: Arguments["signIn"]): void {
  if (signIn && addressOf(signIn.email) === null) {
    throw new StartupError(
      `${signIn.email} is not an address such as name@company.example. See --help.`,
    );
  }
}

/**
 * Makes the link that the command line asks for.
 *
 * @param say Told what was done besides, in sentences.
 */
export async function signInLink(
  services: Services,
  { email, reset }: NonNullable<Arguments["signIn"]>,
  say: (line: string) => void,
): Promise<URL> {
  const address = addressOf(email)!;
  const { url, created, removed } = await operatorSignIn(services, { email: address, reset });
  if (created) say(`There was no account of ${address}: it was created.`);
  else if (removed.length) {
    say(`Removed from ${address}: ${removed.join(", ")}. Its devices are signed out.`);
  } else if (reset) say(`${address} has no two-factor methods.`);
  return url;
}
