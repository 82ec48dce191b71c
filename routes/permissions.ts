import type { PagePermission } from "../lib/web/mod.ts";

const SELF: PagePermission = { read: "account:self", write: "account:self" };
const CONFIRMED: PagePermission = { read: "account:confirmed", write: "account:confirmed" };

/**
 * What members' pages need, by path: to be looked at, and to be written to. A page that is not listed
 * is refused to everybody.
 */
export const PAGE_PERMISSIONS: Readonly<Record<string, PagePermission>> = {
  "/sign-out": SELF,
  "/account": SELF,
  "/account/confirm": SELF,
  "/account/confirm/code": SELF,
  "/account/confirm/passkey": SELF,
  "/account/confirm/passkey/options": SELF,
  // What waits is sent on from there: by who has just proved who they are.
  "/account/confirm/continue/:id": { read: "account:confirmed" },
  "/account/security": SELF,
  "/account/security/passkeys/new": CONFIRMED,
  "/account/security/passkeys/options": CONFIRMED,
  "/account/security/passkeys": CONFIRMED,
  "/account/security/passkeys/:id/remove": CONFIRMED,
  "/account/security/authenticator": CONFIRMED,
  "/account/security/authenticator/confirm": CONFIRMED,
  "/account/security/authenticator/remove": CONFIRMED,
  "/account/security/recovery-codes": { read: "account:self", write: "account:confirmed" },
  "/account/password": { read: "account:confirmed", write: "account:confirmed" },
  "/account/email": { read: "account:confirmed", write: "account:confirmed" },
  "/account/new-email/:secret": SELF,
  "/account/sessions": SELF,
  "/account/sessions/others": SELF,
  "/account/sessions/:id/end": SELF,
  "/account/team": SELF,

  "/team": { read: "team:read" },
  "/team/name": { write: "team:manage" },
  "/team/invitations": { write: "team:manage" },
  "/team/invitations/:id/withdraw": { write: "team:manage" },
  "/team/members/:id/role": { write: "team:manage" },
  "/team/members/:id/remove": { read: "team:manage", write: "team:manage" },
  "/team/transfer": { read: "team:own", write: "team:own" },
  "/team/two-factor": { write: "team:own" },
  "/team/leave": { read: "team:leave", write: "team:leave" },
  "/team/review-mail": { write: "changes:decide" },

  "/endpoints": { read: "endpoints:read" },
  "/endpoints/new": { read: "endpoints:create", write: "endpoints:create" },
  "/endpoints/:slug": { read: "endpoints:read" },
  "/endpoints/:slug/files": { read: "files:write", write: "files:write" },
  "/endpoints/:slug/rebuild": { write: "endpoints:change" },
  "/endpoints/:slug/foreign-keys": { write: "endpoints:change" },
  "/endpoints/:slug/settings": { write: "endpoints:change" },
  "/endpoints/:slug/delete": { write: "endpoints:delete" },
  "/endpoints/:slug/access": { read: "endpoints:read" },
  // Asked before the form is filled in, and not when it is sent, for what was typed would be lost.
  "/endpoints/:slug/access/:table": { read: "rules:write", write: "rules:write" },
  "/endpoints/:slug/tables/open": { write: "rules:write" },
  "/endpoints/:slug/new-tables": { write: "rules:write" },
  "/endpoints/:slug/writes": { write: "writes:change" },
  "/endpoints/:slug/writes/off": { write: "endpoints:change" },
  "/endpoints/:slug/changes": { read: "changes:read" },
  "/endpoints/:slug/changes/:id": { read: "changes:read" },
  "/endpoints/:slug/changes/:id/undo": { read: "changes:undo", write: "changes:undo" },
  "/endpoints/:slug/review": { read: "changes:read", write: "changes:decide" },
  "/endpoints/:slug/review/:id": { read: "changes:read" },
  "/endpoints/:slug/undo": { read: "changes:undo", write: "changes:undo" },
  "/endpoints/:slug/ingests/:id": { read: "files:read" },
  "/endpoints/:slug/ingests/:id/cancel": { write: "files:write" },

  "/tokens": { read: "tokens:read" },
  "/tokens/new": { read: "tokens:write", write: "tokens:write" },
  "/tokens/minted": { read: "tokens:write" },
  "/tokens/:id": { read: "tokens:read" },
  "/tokens/:id/rotate": { read: "tokens:write", write: "tokens:write" },
  "/tokens/:id/leaked": { read: "activity:read", write: "tokens:write" },
  "/tokens/:id/revoke": { write: "tokens:revoke" },

  "/activity": { read: "activity:read" },
  "/activity/export": { read: "activity:read" },

  "/apps": { read: "apps:read" },
  "/apps/:id/disconnect": { write: "apps:revoke" },
  "/apps/:id/review": { write: "apps:revoke" },
  "/apps/clients/new": { read: "apps:register", write: "apps:register" },
  "/apps/clients/registered": { read: "apps:register" },
  "/apps/clients/:id/remove": { write: "apps:register" },
};
