import { equalBytes, sha256 } from "../crypto/mod.ts";
import type { Services } from "../services.ts";
import type { AuthMethod, StoredClient } from "./client.ts";
import { lookUpClient } from "./client_store.ts";
import { OAuthError } from "./oauth_error.ts";
import type { Parameters } from "./parameters.ts";

/** What a request presents of its client. */
interface Presented {
  readonly clientId: string;
  readonly secret: string | null;
  readonly method: AuthMethod;
}

/** A refusal of the client itself; with `basic`, of one that used HTTP authentication. */
export class ClientRefusal extends OAuthError {
  constructor(readonly basic: boolean) {
    super("invalid_client", "Client authentication failed.");
  }
}

function decodeBasic(credentials: string): { id: string; secret: string } | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true })
      .decode(Uint8Array.fromBase64(credentials));
    const colon = text.indexOf(":");
    if (colon < 0) return null;
    // RFC 6749, section 2.3.1: form-urlencoded, each by itself.
    const decode = (part: string) => decodeURIComponent(part.replaceAll("+", " "));
    return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
  } catch {
    return null;
  }
}

function readPresented(authorization: string | null, parameters: Parameters): Presented {
  const inBody = parameters.get("client_secret");
  const clientId = parameters.get("client_id");
  if (authorization === null) {
    if (clientId === null) throw new OAuthError("invalid_request", "client_id is missing.");
    return {
      clientId,
      secret: inBody,
      method: inBody === null ? "none" : "client_secret_post",
    };
  }
  // RFC 6749, section 2.3: one method a request.
  if (inBody !== null) {
    throw new OAuthError("invalid_request", "The client authenticates in two ways at once.");
  }
  const credentials = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  const basic = credentials ? decodeBasic(credentials) : null;
  if (!basic?.id || (clientId !== null && clientId !== basic.id)) throw new ClientRefusal(true);
  return { clientId: basic.id, secret: basic.secret, method: "client_secret_basic" };
}

/** Who typed a secret into their client does not choose how that sends it. */
const takesMethod = ({ kind, authMethod }: StoredClient, method: AuthMethod) =>
  kind === "manual" ? (authMethod === "none") === (method === "none") : authMethod === method;

/**
 * The client that sends a request to the token or revocation endpoint: a public one by its name, a
 * confidential one by its secret, and each only in the way that it registered (RFC 6749, section 2.3).
 *
 * @throws OAuthError invalid_request, invalid_client.
 */
export async function authenticateClient(
  services: Services,
  authorization: string | null,
  parameters: Parameters,
): Promise<StoredClient> {
  const { clientId, secret, method } = readPresented(authorization, parameters);
  const client = await lookUpClient(services.control.lookup, clientId);
  const proven = client !== null && takesMethod(client, method) &&
    (client.secretHash === null || equalBytes(client.secretHash, sha256(secret ?? "")));
  if (!proven) throw new ClientRefusal(method === "client_secret_basic");
  return client;
}
