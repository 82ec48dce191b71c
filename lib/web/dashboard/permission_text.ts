import type { Permission } from "../../auth/mod.ts";

/** What each permission lets people do, in words; of the form `permission: what`. */
export const PERMISSION_TEXT: Readonly<Record<Permission, string>> = {
  "account:self": "See and change their own account",
  "account:confirmed": "Change their own password and e-mail address",
  "endpoints:read": "See endpoints, their tables and how to connect",
  "schema:read": "See tables and columns",
  "endpoints:create": "Create endpoints",
  "endpoints:change": "Change an endpoint's settings, and turn writing by agents off",
  "endpoints:delete": "Delete endpoints",
  "writes:change": "Let agents write: after review, or at once",
  "rules:read": "See the field rules by program",
  "rules:write": "Change the field rules",
  "files:write": "Upload files, append to tables and replace them",
  "files:read": "See imports and rejected rows",
  "tokens:read": "See tokens",
  "tokens:write": "Create and rotate their own tokens",
  "tokens:revoke": "Revoke their own tokens",
  "tokens:mint_writing": "Create tokens that change something",
  "apps:allow_writing": "Let an app write",
  "apps:read": "See connected apps",
  "apps:revoke": "Disconnect apps, and hold their changes for approval",
  "apps:register": "Register an app by hand",
  "changes:read": "See what was changed, and what waits for review",
  "changes:undo": "Undo changes",
  "changes:decide": "Approve and reject changes that wait",
  "activity:read": "Read the activity log",
  "team:read": "See who is in the team",
  "team:leave": "Leave the team",
  "team:manage": "Invite and remove members, and change roles",
  "team:own": "Make somebody an owner, and change owners",
};

/** What the first part of a permission's name stands for. */
export const PERMISSION_GROUPS: Readonly<Record<string, string>> = {
  endpoints: "Endpoints",
  schema: "Endpoints",
  writes: "Endpoints",
  rules: "Endpoints",
  files: "Files",
  tokens: "Tokens",
  apps: "Apps",
  changes: "Changes and review",
  activity: "Activity",
  team: "Team",
};
