import { isLoopback } from "../../config.ts";
import type { Services } from "../../services.ts";

/** Who asks for a passkey, in WebAuthn's words. */
export interface RelyingParty {
  /** A domain name: passkeys are bound to it. */
  readonly id: string;
  /** The origin that pages with passkeys are on. */
  readonly origin: string;
}

/**
 * The relying party of a site. WebAuthn (Level 3, section 5.1.2) takes domain names, no addresses: on
 * loopback passkeys work under `localhost` alone.
 */
export function relyingParty({ baseUrl }: Pick<Services, "baseUrl">): RelyingParty {
  if (!isLoopback(baseUrl.hostname)) return { id: baseUrl.hostname, origin: baseUrl.origin };
  const url = new URL(baseUrl);
  url.hostname = "localhost";
  return { id: "localhost", origin: url.origin };
}
