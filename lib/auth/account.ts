import { z } from "zod";
import type { AuditActor } from "../audit/mod.ts";
import type { SessionId, TenantId, UserId } from "../ids.ts";
import type { Principal, Role } from "../principal.ts";
import { abilitiesOf } from "./permissions.ts";

/** A person in one of their tenants. */
export interface Account {
  readonly userId: UserId;
  readonly tenantId: TenantId;
}

/** What an account has to prove with besides a password or a mail. */
export interface Factors {
  readonly passkeys: number;
  /** Whether an authenticator app is set up. */
  readonly authenticator: boolean;
  /** Recovery codes that are left. */
  readonly recoveryCodes: number;
}

/** Whether an account has a second factor. Recovery codes are none: they stand for one. */
export function hasFactor({ passkeys, authenticator }: Factors): boolean {
  return passkeys > 0 || authenticator;
}

/** Who is signed in, and where. */
export interface Session extends Account {
  readonly id: SessionId;
  /** Shown to be theirs: there is no session before that. */
  readonly email: string;
  readonly hasPassword: boolean;
  readonly role: Role;
  readonly tenantName: string;
  /** When they last proved who they are. */
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  readonly factors: Factors;
  /** Whether the team requires a second factor and they have none: the team's things are closed. */
  readonly factorMissing: boolean;
}

/** Who acts in a browser. */
export interface BrowserActor extends AuditActor {
  /** The device as its owner tells it from others: `Firefox on Linux`. */
  readonly device?: string;
  /** SHA-256 of the browser's own cookie; not there where it keeps none. */
  readonly browser?: Uint8Array<ArrayBuffer>;
}

/** The principal of a signed-in person: in their tenant, what their role may do. */
export function principalOf(session: Session): Principal {
  return {
    kind: "dashboard",
    tenantId: session.tenantId,
    userId: session.userId,
    tokenId: null,
    label: session.email,
    scope: session.role === "viewer" ? "mcp" : "mcp:write",
    abilities: abilitiesOf(session.role),
    role: session.role,
    review: false,
    endpoints: "all",
  };
}

/** The address of the account that the command line makes; it has no password and gets no mail. */
export const LOCAL_ADDRESS = "local@localhost";

/** An e-mail address as a person types it: trimmed, in lower case. */
export const emailAddress = z.string().trim().toLowerCase().max(254, "This address is too long.")
  .pipe(z.email("Type an address such as name@company.example."));
