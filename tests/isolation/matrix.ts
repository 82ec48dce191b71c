/**
 * Who may do what, as people decided it: written by hand, and compared with what the product does. A page,
 * route or tool that is not listed fails the test, and so does one that answers somebody otherwise.
 *
 * +  done, or shown
 * ?  asked again who it is, for the last proof of that is too old
 * -  refused
 * 0  answered as what does not exist
 * .  signed out
 * ~  let in, and told that what this test sends is wrong by itself: a code, a link, nothing to remove
 *
 * Behind a path stands whose, or which, of the things that it names: one's own, the team's, of another
 * member (`other`), of an owner, of a token of the same line.
 */

/** One request, and what comes of it by column. */
export interface Row {
  readonly method: string;
  readonly path: string;
  /** Whose, or which; empty where there is nothing to tell. */
  readonly of: string;
  /** A letter a column. */
  readonly outcomes: readonly string[];
}

/**
 * Who is in a browser. `demoted` was an admin when the session started, and is a viewer now; `stale` is an
 * owner whose proof of who they are is eleven minutes old; `removed` was an admin; the address of
 * `unconfirmed` is not proved, which the database was told behind the product's back; `outsider` was an
 * admin, was removed, and has signed in again, to a team of their own.
 */
export const COLUMNS = [
  "owner",
  "admin",
  "member",
  "viewer",
  "demoted",
  "stale",
  "removed",
  "unconfirmed",
  "outsider",
] as const;

/** One of them. */
export type Column = typeof COLUMNS[number];

/**
 * Whose token: with every ability for every endpoint, made while its maker might. `team` is the team's;
 * `kept` too, and whoever made it has been removed. An outsider's is of their own team.
 */
export const TOKEN_COLUMNS = [
  "owner",
  "admin",
  "member",
  "viewer",
  "demoted",
  "team",
  "kept",
  "removed",
  "unconfirmed",
  "outsider",
] as const;

/** Who let the app in, to write where they might. */
export const APP_COLUMNS = [
  "owner",
  "admin",
  "member",
  "viewer",
  "demoted",
  "removed",
  "unconfirmed",
  "outsider",
] as const;

/** Reads a matrix. */
export function rowsOf(matrix: string, columns: number): Row[] {
  return matrix.trim().split("\n").filter((line) => line && !line.startsWith("#")).map((line) => {
    const [request = "", letters = ""] = line.split("|");
    const [method = "", path = "", of = ""] = request.trim().split(/\s+/);
    const outcomes = letters.trim().split(/\s+/);
    if (outcomes.length !== columns) throw new Error(`not ${columns} columns: ${line}`);
    return { method, path, of, outcomes };
  });
}

/** A row as the matrix writes it. */
export function written({ method, path, of }: Row, outcomes: readonly string[]): string {
  return `${method.padEnd(6)} ${path.padEnd(46)} ${of.padEnd(8)} | ${outcomes.join(" ")}`;
}

/**
 * Pages. Where somebody is no admin, others' tokens and apps do not exist to them; where they make no tokens
 * at all, they are told that before any is looked for.
 */
export const PAGE_MATRIX = `
# columns: owner admin member viewer demoted stale removed unconfirmed outsider
# account: everybody their own; an outsider's own is in their own team
POST   /sign-out                                               | + + + + + + . . +
GET    /account                                                | + + + + + + . . +
POST   /account/team                                           | + + + + + + . . +
GET    /account/confirm                                        | + + + + + + . . +
POST   /account/confirm                                        | ~ ~ ~ ~ ~ ~ . . ~
POST   /account/confirm/code                                   | + + + + + + . . +
POST   /account/confirm/passkey/options                        | + + + + + + . . +
POST   /account/confirm/passkey                                | ~ ~ ~ ~ ~ ~ . . ~
GET    /account/confirm/continue/:id                           | + + + + + ? . . +
GET    /account/security                                       | + + + + + + . . +
GET    /account/security/passkeys/new                          | + + + + + ? . . +
POST   /account/security/passkeys/options                      | + + + + + ? . . +
POST   /account/security/passkeys                              | ~ ~ ~ ~ ~ ? . . ~
POST   /account/security/passkeys/:id/remove          own      | + + + + + ? . . +
POST   /account/security/passkeys/:id/remove          other    | 0 0 0 0 0 ? . . 0
GET    /account/security/authenticator                         | + + + + + ? . . +
POST   /account/security/authenticator                         | + + + + + ? . . +
POST   /account/security/authenticator/confirm                 | 0 0 0 0 0 ? . . 0
POST   /account/security/authenticator/remove                  | 0 0 0 0 0 ? . . 0
GET    /account/security/recovery-codes                        | + + + + + + . . +
POST   /account/security/recovery-codes                        | ~ ~ ~ ~ ~ ? . . ~
GET    /account/email                                          | + + + + + ? . . +
POST   /account/email                                          | + + + + + ? . . +
GET    /account/new-email/:secret                              | + + + + + + . . +
POST   /account/new-email/:secret                              | ~ ~ ~ ~ ~ ~ . . ~
GET    /account/password                                       | + + + + + ? . . +
POST   /account/password                                       | + + + + + ? . . +
GET    /account/sessions                                       | + + + + + + . . +
POST   /account/sessions/others                                | + + + + + + . . +
POST   /account/sessions/:id/end                      own      | + + + + + + . . +
POST   /account/sessions/:id/end                      other    | 0 0 0 0 0 0 . . 0
# team
GET    /team                                                   | + + + + + + . . +
POST   /team/name                                              | + + - - - + . . +
POST   /team/invitations                              viewer   | + + - - - ? . . +
POST   /team/invitations                              admin    | + + - - - ? . . +
POST   /team/invitations                              owner    | + - - - - ? . . +
POST   /team/invitations/:id/withdraw                          | + + - - - + . . 0
POST   /team/members/:id/role                         member   | + + - - - ? . . 0
POST   /team/members/:id/role                         owner    | + - - - - ? . . 0
POST   /team/members/:id/role                         to-admin | + + - - - ? . . 0
POST   /team/members/:id/role                         to-owner | + - - - - ? . . 0
GET    /team/members/:id/remove                       member   | + + - - - + . . 0
GET    /team/members/:id/remove                       owner    | + - - - - + . . 0
POST   /team/members/:id/remove                       member   | + + - - - ? . . 0
POST   /team/members/:id/remove                       owner    | + - - - - ? . . 0
GET    /team/transfer                                          | + - - - - ? . . +
POST   /team/transfer                                          | + - - - - ? . . 0
GET    /team/leave                                             | + + + + + + . . +
POST   /team/leave                                             | + + + + + ? . . ~
POST   /team/two-factor                                        | + - - - - ? . . +
POST   /team/review-mail                                       | + + - - - + . . +
# endpoints: in this test, no table waits to be opened
GET    /endpoints                                              | + + + + + + . . +
GET    /endpoints/new                                          | + + + - - + . . +
POST   /endpoints/new                                          | + + + - - + . . +
GET    /endpoints/:slug                                        | + + + + + + . . 0
GET    /endpoints/:slug/files                                  | + + + - - + . . 0
POST   /endpoints/:slug/files                                  | + + + - - + . . 0
POST   /endpoints/:slug/rebuild                                | + + + - - + . . 0
POST   /endpoints/:slug/foreign-keys                           | + + + - - + . . 0
POST   /endpoints/:slug/settings                               | + + + - - + . . 0
POST   /endpoints/:slug/delete                                 | + + - - - ? . . 0
GET    /endpoints/:slug/access                                 | + + + + + + . . 0
GET    /endpoints/:slug/access/:table                          | + + - - - ? . . 0
POST   /endpoints/:slug/access/:table                          | + + - - - ? . . 0
POST   /endpoints/:slug/tables/open                            | 0 0 - - - ? . . 0
POST   /endpoints/:slug/new-tables                             | + + - - - ? . . 0
POST   /endpoints/:slug/writes                                 | + + - - - ? . . 0
POST   /endpoints/:slug/writes/off                             | + + + - - + . . 0
GET    /endpoints/:slug/changes                                | + + + + + + . . 0
GET    /endpoints/:slug/changes/:id                            | + + + + + + . . 0
GET    /endpoints/:slug/changes/:id/undo                       | + + - - - + . . 0
POST   /endpoints/:slug/changes/:id/undo                       | + + - - - + . . 0
GET    /endpoints/:slug/undo                                   | + + - - - + . . 0
POST   /endpoints/:slug/undo                                   | + + - - - + . . 0
GET    /endpoints/:slug/review                                 | + + + + + + . . 0
POST   /endpoints/:slug/review                                 | + + - - - + . . 0
GET    /endpoints/:slug/review/:id                             | + + + + + + . . 0
GET    /endpoints/:slug/ingests/:id                            | + + + + + + . . 0
POST   /endpoints/:slug/ingests/:id/cancel                     | + + + - - + . . 0
GET    /tokens                                                 | + + + + + + . . +
GET    /tokens/new                                             | + + + - - + . . +
# an endpoint of another team is none that can be chosen
POST   /tokens/new                                    chosen   | + + + - - + . . ~
POST   /tokens/new                                    writing  | + + + - - ? . . ~
POST   /tokens/new                                    all      | + + + - - ? . . +
POST   /tokens/new                                    team     | + + - - - ? . . ~
GET    /tokens/minted                                          | + + + - - + . . +
GET    /tokens/:id                                    own      | + + + + + + . . 0
GET    /tokens/:id                                    team     | + + 0 0 0 + . . 0
GET    /tokens/:id                                    other    | + + 0 0 0 + . . 0
GET    /tokens/:id/rotate                             own      | + + + - - + . . 0
GET    /tokens/:id/rotate                             team     | + + 0 - - + . . 0
GET    /tokens/:id/rotate                             other    | + + 0 - - + . . 0
POST   /tokens/:id/rotate                             own      | + + + - - ? . . 0
POST   /tokens/:id/rotate                             team     | + + 0 - - ? . . 0
POST   /tokens/:id/rotate                             other    | + + 0 - - ? . . 0
POST   /tokens/:id/revoke                             own      | + + + + + + . . 0
POST   /tokens/:id/revoke                             team     | + + 0 0 0 + . . 0
POST   /tokens/:id/revoke                             other    | + + 0 0 0 + . . 0
GET    /tokens/:id/leaked                             own      | + + + - - + . . 0
GET    /tokens/:id/leaked                             team     | + + 0 - - + . . 0
GET    /tokens/:id/leaked                             other    | + + 0 - - + . . 0
POST   /tokens/:id/leaked                             own      | + + + - - ? . . 0
POST   /tokens/:id/leaked                             team     | + + 0 - - ? . . 0
POST   /tokens/:id/leaked                             other    | + + 0 - - ? . . 0
GET    /activity                                               | + + + - - + . . +
GET    /activity/export                                        | + + + - - + . . +
GET    /apps                                                   | + + + + + + . . +
POST   /apps/:id/disconnect                           own      | + + + + + + . . 0
POST   /apps/:id/disconnect                           other    | + + 0 0 0 + . . 0
POST   /apps/:id/review                               own      | + + + + + + . . 0
POST   /apps/:id/review                               other    | + + 0 0 0 + . . 0
GET    /apps/clients/new                                       | + + - - - + . . +
POST   /apps/clients/new                                       | + + - - - + . . +
GET    /apps/clients/registered                                | + + - - - + . . +
POST   /apps/clients/:id/remove                                | + + - - - + . . 0
`;

/**
 * `/v1` by its methods, and MCP by tools and what `tools/list` names. A token of the team acts as an admin,
 * whatever became of its maker.
 */
export const TOKEN_MATRIX = `
# columns: owner admin member viewer demoted team kept removed unconfirmed outsider
GET    /v1/endpoints                                           | + + + + + + + . . +
POST   /v1/endpoints                                           | + + + - - + + . . +
GET    /v1/endpoints/{slug}                                    | + + + + + + + . . 0
PATCH  /v1/endpoints/{slug}                                    | + + + - - + + . . 0
DELETE /v1/endpoints/{slug}                                    | + + - - - + + . . 0
POST   /v1/endpoints/{slug}/files                              | + + + - - + + . . 0
GET    /v1/endpoints/{slug}/ingests                            | + + + + + + + . . 0
GET    /v1/endpoints/{slug}/ingests/{id}                       | + + + + + + + . . 0
POST   /v1/endpoints/{slug}/ingests/{id}/cancel                | + + + - - + + . . 0
GET    /v1/endpoints/{slug}/ingests/{id}/rejects               | + + + + + + + . . 0
GET    /v1/endpoints/{slug}/tables                             | + + + + + + + . . 0
POST   /v1/endpoints/{slug}/rebuild                            | + + + - - + + . . 0
POST   /v1/endpoints/{slug}/foreign-keys                       | + + + - - + + . . 0
DELETE /v1/endpoints/{slug}/foreign-keys                       | + + + - - + + . . 0
GET    /v1/endpoints/{slug}/rules                              | + + - - - + + . . 0
GET    /v1/endpoints/{slug}/rules/{table}                      | + + - - - + + . . 0
PUT    /v1/endpoints/{slug}/rules/{table}                      | + + - - - + + . . 0
GET    /v1/endpoints/{slug}/changes                            | + + + + + + + . . 0
GET    /v1/endpoints/{slug}/changes/{id}                       | + + + + + + + . . 0
GET    /v1/endpoints/{slug}/review                             | + + + + + + + . . 0
POST   /v1/endpoints/{slug}/changes/{id}/approve      other    | + + - - - + + . . 0
# what a token of the same line asked for, and nobody else decides on
POST   /v1/endpoints/{slug}/changes/{id}/approve      line     | - - - - - - - . . 0
POST   /v1/endpoints/{slug}/changes/{id}/reject                | + + - - - + + . . 0
POST   /v1/endpoints/{slug}/changes/{id}/refresh               | + + - - - + + . . 0
GET    /v1/endpoints/{slug}/review/{id}                        | + + + + + + + . . 0
POST   /v1/endpoints/{slug}/changes/{id}/undo                  | + + - - - + + . . 0
POST   /v1/endpoints/{slug}/undo                               | + + - - - + + . . 0
GET    /v1/tokens                                              | + + + + + + + . . +
POST   /v1/tokens                                              | + + + - - + + . . +
# who rotates a person's token is its maker from then on: nobody is left who could be that for kept
POST   /v1/tokens/{id}/rotate                         own      | + + + - - + - . . 0
POST   /v1/tokens/{id}/rotate                         team     | + + 0 - - + + . . 0
POST   /v1/tokens/{id}/rotate                         other    | + + 0 - - + - . . 0
DELETE /v1/tokens/{id}                                own      | + + + - - + + . . 0
DELETE /v1/tokens/{id}                                team     | + + 0 - - + + . . 0
DELETE /v1/tokens/{id}                                other    | + + 0 - - + + . . 0
GET    /v1/activity                                            | + + + - - + + . . +
GET    /v1/activity/export                                     | + + + - - + + . . +
GET    /v1/activity/anchors                                    | + + + - - + + . . +
# an agent takes back and looks after what it did itself
MCP    tools/list                                              | + + + + + + + . . 0
MCP    tools/list                                     update_row | + + + - - + + . . 0
MCP    tools/list                                     undo_change | + + + - - + + . . 0
MCP    list_rows                                               | + + + + + + + . . 0
MCP    update_row                                              | + + + - - + + . . 0
MCP    undo_change                                    own      | + + + - - + + . . 0
MCP    undo_change                                    other    | - - - - - - - . . 0
MCP    get_change                                     own      | + + + - - + + . . 0
MCP    get_change                                     other    | - - - - - - - . . 0
MCP    tools/list                                     get_activity_log | + + + - - + + . . 0
MCP    get_activity_log                                        | + + + - - + + . . 0
`;

/** Apps: MCP alone. The activity log is for tokens that were given it; `/v1` is for no app. */
export const APP_MATRIX = `
# columns: owner admin member viewer demoted removed unconfirmed outsider
MCP    tools/list                                              | + + + + + . . .
MCP    tools/list                                     update_row | + + + - - . . .
MCP    tools/list                                     undo_change | + + + - - . . .
MCP    list_rows                                               | + + + + + . . .
MCP    update_row                                              | + + + - - . . .
MCP    undo_change                                    own      | + + + - - . . .
MCP    undo_change                                    other    | - - - - - . . .
MCP    get_change                                     own      | + + + - - . . .
MCP    get_change                                     other    | - - - - - . . .
MCP    tools/list                                     get_activity_log | - - - - - . . .
MCP    get_activity_log                                        | - - - - - . . .
GET    /v1/endpoints                                           | . . . . . . . .
GET    /v1/tokens                                              | . . . . . . . .
GET    /v1/activity                                            | . . . . . . . .
`;

/**
 * Pages for anyone: to a visitor, and to an owner who is signed in. A form that comes without its CSRF token is
 * refused to everybody.
 */
export const PUBLIC_MATRIX = `
# columns: visitor owner
GET    /                                                       | + +
GET    /sign-up                                                | + +
POST   /sign-up                                                | - -
GET    /sign-up/code                                           | + +
POST   /sign-up/code                                           | - -
GET    /sign-in                                                | + +
POST   /sign-in                                                | - -
GET    /sign-in/link/:secret                                   | ~ ~
POST   /sign-in/link/:secret                                   | - -
GET    /sign-in/mail                                           | + +
POST   /sign-in/mail                                           | - -
GET    /sign-in/code                                           | + +
POST   /sign-in/code                                           | - -
GET    /password/forgotten                                     | + +
POST   /password/forgotten                                     | - -
GET    /password/reset/:secret                                 | ~ ~
POST   /password/reset/:secret                                 | - -
GET    /sign-in/verify                                         | + +
POST   /sign-in/verify                                         | - -
POST   /sign-in/verify/passkey/options                         | - -
POST   /sign-in/verify/passkey                                 | - -
POST   /sign-in/passkey/options                                | - -
POST   /sign-in/passkey                                        | - -
GET    /team/roles                                             | + +
GET    /invitations/:secret                                    | ~ ~
POST   /invitations/:secret                                    | - -
GET    /leaked                                                 | + +
POST   /leaked                                                 | - -
# the requests of this test come from elsewhere than this machine
GET    /mailbox                                                | 0 0
GET    /oauth/authorize                                        | ~ ~
POST   /oauth/authorize                                        | - -
GET    /authorize                                              | ~ ~
POST   /authorize                                              | - -
`;
