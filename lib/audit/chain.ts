import { createHash } from "node:crypto";

/** Where a chain stands: so many entries, and the hash of the last. */
export interface Anchor {
  readonly seq: bigint;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** Before the first entry. */
export const GENESIS: Anchor = { seq: 0n, hash: "00".repeat(32) };

/** An entry's fields as they are hashed, in this order: those of `lookup.audit_hash`. */
export const HASHED_FIELDS = [
  "seq",
  "id",
  "tenant_id",
  "at",
  "action",
  "actor_kind",
  "user_id",
  "token_id",
  "endpoint_id",
  "subject",
  "request_id",
  "network",
  "detail",
] as const;

/** What is hashed of an entry: text as Postgres writes it, `detail` as it writes jsonb. */
export type HashedEntry = Readonly<Record<typeof HASHED_FIELDS[number], string | null>>;

/** The hash of an entry that stands behind another: SHA-256, as hexadecimal digits. */
export function entryHash(previous: string, entry: HashedEntry): string {
  const fields = HASHED_FIELDS.map((name) => {
    const value = entry[name];
    return value === null ? "-" : `${new TextEncoder().encode(value).length}:${value}`;
  });
  return createHash("sha256").update(previous, "hex").update(fields.join(",")).digest("hex");
}
