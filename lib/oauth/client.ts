import type { ClientId, TenantId } from "../ids.ts";

/** How a client proves at the token endpoint who it is (RFC 6749, section 2.3.1). */
export type AuthMethod = "none" | "client_secret_basic" | "client_secret_post";

/** The methods there are, as metadata lists them. */
export const AUTH_METHODS = [
  "none",
  "client_secret_basic",
  "client_secret_post",
] as const satisfies readonly AuthMethod[];

/** How a client became known: by a document at its own URL, by itself, or by a person. */
export type ClientKind = "document" | "dynamic" | "manual";

/** What is known of an app that asks for access. */
export interface Client {
  /** Null for one with a document that nobody has agreed to yet. */
  readonly id: ClientId | null;
  /** As it presents itself. */
  readonly clientId: string;
  readonly kind: ClientKind;
  /** Whose members alone may let it in; null for everybody. */
  readonly tenantId: TenantId | null;
  /** Its own word for itself. */
  readonly name: string;
  readonly redirectUris: readonly string[];
  /** Whether it takes refresh tokens. */
  readonly refreshes: boolean;
  readonly authMethod: AuthMethod;
  /** SHA-256; null for a public client. */
  readonly secretHash: Uint8Array<ArrayBuffer> | null;
}

/** A client that is stored. */
export interface StoredClient extends Client {
  readonly id: ClientId;
}
