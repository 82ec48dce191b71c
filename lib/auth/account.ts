import { z } from "zod";
import type { SessionId, TenantId, UserId } from "../ids.ts";
import { ABILITIES, type Ability, type Principal } from "../principal.ts";

/** What a member of a tenant may do there. */
export type Role = "owner" | "admin" | "member" | "viewer";

/** A person in one of their tenants. */
export interface Account {
  readonly userId: UserId;
  readonly tenantId: TenantId;
}

/** Who is signed in, and where. */
export interface Session extends Account {
  readonly id: SessionId;
  readonly email: string;
  readonly role: Role;
  readonly tenantName: string;
}

const READING: readonly Ability[] = ["rows:read", "api:endpoints:read", "api:tokens:read"];

/** The principal of a signed-in person: everything in their tenant, except that viewers only look. */
export function principalOf(session: Session): Principal {
  const viewer = session.role === "viewer";
  return {
    kind: "dashboard",
    tenantId: session.tenantId,
    userId: session.userId,
    tokenId: null,
    label: session.email,
    scope: viewer ? "mcp" : "mcp:write",
    abilities: new Set(viewer ? READING : ABILITIES),
    endpoints: "all",
  };
}

/** An e-mail address as a person types it: trimmed, in lower case. */
export const emailAddress = z.string().trim().toLowerCase().max(254, "This address is too long.")
  .pipe(z.email("Type an address such as name@company.example."));
