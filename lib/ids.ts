import { AppError } from "./errors.ts";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Id of a tenant (UUIDv7). */
export type TenantId = Branded<"TenantId">;
/** Id of a person's account (UUIDv7). */
export type UserId = Branded<"UserId">;
/** Id of an endpoint (UUIDv7). */
export type EndpointId = Branded<"EndpointId">;
/** Id of a bearer token's row (UUIDv7), not the token. */
export type TokenId = Branded<"TokenId">;
/** Id of a session's row (UUIDv7), not its cookie. */
export type SessionId = Branded<"SessionId">;
/** Id of one load of one file (UUIDv7). */
export type IngestId = Branded<"IngestId">;
/** Id of an OAuth client's row (UUIDv7), not what the client presents. */
export type ClientId = Branded<"ClientId">;
/** Id of a connection: what a person lets one app do (UUIDv7). */
export type GrantId = Branded<"GrantId">;
/** Id of one authorization request that a person agreed to (UUIDv7). */
export type AuthorizationId = Branded<"AuthorizationId">;
/** Id of one change: what one call writes or one undo takes back (UUIDv7). */
export type ChangeId = Branded<"ChangeId">;
/** Id of one request (UUIDv7), told in answers and logs. */
export type RequestId = Branded<"RequestId">;
/** Public name of an endpoint in its URL: `[a-z0-9-]`, 3 to 63 characters. */
export type Slug = Branded<"Slug">;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SLUG = /^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$/;

/** Any of the ids that are UUIDs. */
export type AnyId =
  | TenantId
  | UserId
  | EndpointId
  | TokenId
  | SessionId
  | IngestId
  | ClientId
  | GrantId
  | AuthorizationId
  | ChangeId
  | RequestId;

/**
 * Makes a new id: a UUIDv7 (RFC 9562, section 5.7), so that rows made later sort later.
 */
export function newId<Id extends AnyId>(now = Date.now()): Id {
  const time = Math.trunc(now).toString(16).padStart(12, "0");
  // A version 4 has variant and random bits where a version 7 has them, and the system makes it fast.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}` as Id;
}

/** Tells whether a text is a UUID in its canonical lower-case form. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** Parses an id at the border; throws NOT_FOUND, for to a client a malformed id is an unknown one. */
export function parseId<Id extends AnyId>(text: string): Id {
  if (!UUID.test(text)) throw new AppError("NOT_FOUND");
  return text as Id;
}

/** Tells whether a text is a well-formed slug. */
export function isSlug(text: string): text is Slug {
  return SLUG.test(text);
}

/** Parses a slug at the border; throws NOT_FOUND. */
export function parseSlug(text: string): Slug {
  if (!isSlug(text)) throw new AppError("NOT_FOUND");
  return text;
}

// Crockford's alphabet: no i, l, o, u, so that a slug can be read aloud.
const READABLE = "0123456789abcdefghjkmnpqrstvwxyz";

/** Random lower-case letters and digits, five bits a character. */
export function randomName(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => READABLE[byte & 31]).join("");
}

/**
 * Makes a slug of a name. The random end keeps two tenants' slugs apart, so that the choice of a name
 * never tells whether another tenant has it.
 */
export function newSlug(name: string): Slug {
  const words = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 40)
    .replace(/^-+|-+$/g, "");
  return `${words || "data"}-${randomName(8)}` as Slug;
}
