import { actorOf, type AuditAction, recordEvent } from "../audit/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { type EndpointView, listEndpoints } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import {
  type AuthorizationId,
  type ClientId,
  type EndpointId,
  type GrantId,
  newId,
  type UserId,
} from "../ids.ts";
import type { Limit } from "../limits/mod.ts";
import type { Tx } from "../postgres/mod.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { reachWithin, type StoredReach, tableReach } from "../table_reach.ts";
import { forgetTokens, newToken, revokeReaching, revokeWriting } from "../tokens/mod.ts";
import {
  type AuthorizationError,
  authorizationError,
  type AuthorizationRequest,
  authorizationResponse,
} from "./authorization_request.ts";
import { insertAuthorization } from "./authorization_store.ts";
import type { Client } from "./client.ts";
import { keepDocumentClient, keepDynamicClient } from "./client_store.ts";
import {
  type GrantedEndpoint,
  putGrantedEndpoint,
  type Reach,
  selectAuthorizations,
  selectGrantedEndpoints,
  selectGrantOf,
  upsertGrant,
} from "./grant_store.ts";
import { OAuthError } from "./oauth_error.ts";

const CODE_SECONDS = 300;
/** Seconds that an app which somebody agreed to stays known without another agreement. */
const KEPT_SECONDS = 365 * 86_400;
const AGREEMENTS: Limit = { name: "oauth.consent", attempts: 60, windowMs: 600_000 };

/** What a person can decide about a request, and what holds already. */
export interface ConsentChoices {
  /** The endpoints that can be chosen. */
  readonly endpoints: readonly EndpointView[];
  /** Those that the request names: without them the answer would be of no use to the app. */
  readonly named: readonly EndpointView[];
  /** What the app may do today; empty where it is not connected. */
  readonly today: ReadonlyMap<EndpointId, Reach>;
  /**
   * Whether an endpoint that can be chosen takes changes; where the request names some, one of those. Only
   * then is there anything to allow.
   */
  readonly takesWrites: boolean;
  /** Whether writing can be allowed, whatever was asked for: there is something, and the person may write. */
  readonly mayWrite: boolean;
}

/** Who decides; a request of a token never does. */
function personOf({ principal }: RequestScope): UserId {
  if (principal.kind !== "dashboard" || principal.userId === null) {
    throw new AppError("ACCESS_DENIED");
  }
  return principal.userId;
}

/**
 * What the person can decide.
 *
 * @throws AppError ACCESS_DENIED where the app is another tenant's own, or the request names an endpoint
 * that the person does not have.
 */
export async function consentChoices(
  services: Services,
  scope: RequestScope,
  request: AuthorizationRequest,
): Promise<ConsentChoices> {
  const userId = personOf(scope);
  const { client, audience } = request;
  if (client.tenantId !== null && client.tenantId !== scope.tenantId) {
    throw new AppError("ACCESS_DENIED", "This app is registered for another account's members.");
  }
  const endpoints = (await listEndpoints(services, scope)).filter(({ status }) =>
    status === "ready"
  );
  const named = audience === "any" ? [] : audience.map((slug) => {
    const endpoint = endpoints.find((one) => one.slug === slug);
    if (!endpoint) {
      throw new AppError(
        "ACCESS_DENIED",
        `This account has no endpoint ${slug} to let an app into.`,
      );
    }
    return endpoint;
  });
  const today = await services.control.tenant(scope.tenantId, async (tx) => {
    const grant = await selectGrantOf(tx, userId, client.clientId);
    return grant ? await selectGrantedEndpoints(tx, grant) : [];
  });
  const takesWrites = (named.length > 0 ? named : endpoints)
    .some(({ settings }) => settings.writes !== "off");
  return {
    endpoints,
    named,
    today: new Map(today.map((one) => [one.id, one])),
    takesWrites,
    mayWrite: takesWrites && scope.principal.scope === "mcp:write",
  };
}

/** What a person agrees to. */
export interface Agreement {
  readonly endpoints: readonly EndpointId[];
  readonly write: boolean;
  /** Whether each change waits until a person has approved it; of no effect without writing. */
  readonly review: boolean;
  /** Tables by endpoint, null for all; what is not said of an endpoint stays as it is. */
  readonly tables?: Readonly<Record<string, StoredReach | null>>;
}

/** The tables that may be reached of one endpoint from now on; null: all. */
function tablesOf({ tables = {} }: Agreement, id: EndpointId, before: Reach | undefined) {
  const said = tables[id];
  return said === undefined ? before?.tables ?? null : said;
}

async function keepClient(tx: Tx, client: Client): Promise<ClientId> {
  const gone = () =>
    new AppError("CONFLICT", "The app's registration has expired. Start again there.");
  if (client.kind === "document") {
    const id = await keepDocumentClient(tx, newId(), client, KEPT_SECONDS);
    if (!id) throw gone();
    return id;
  }
  if (client.kind === "dynamic" && !await keepDynamicClient(tx, client.id!, KEPT_SECONDS)) {
    throw gone();
  }
  return client.id!;
}

/**
 * What the connection may do on an endpoint from now on. Writing is there only where the person allowed
 * it: now, or before, unless they were offered it now and left it out. With it goes whether it is reviewed.
 */
function nextReach(
  agreement: Agreement,
  offered: boolean,
  id: EndpointId,
  before: Reach | undefined,
): Reach {
  const { write, review } = agreement;
  const tables = tablesOf(agreement, id, before);
  if (write) return { scope: "mcp:write", review, tables };
  const { scope, review: reviewed } = !offered && before ? before : READING;
  return { scope, review: reviewed, tables };
}

const READING = { scope: "mcp", review: false } as const;

/** Whether all that the second reaches, the first reaches, too. */
const holds = (outer: Reach, inner: Reach) =>
  reachWithin(inner.tables, outer.tables && tableReach(outer.tables));

/** Whether some tables that were reached before are not any more, or only to read. */
const losesTables = (before: Reach | undefined, after: Reach) =>
  before !== undefined && !holds(after, before);

/** Whether less than before can be done by oneself: writing is gone, or is looked at now. */
function isNarrower(before: Reach | undefined, after: Reach): boolean {
  if (losesTables(before, after)) return true;
  if (before?.scope !== "mcp:write") return false;
  return after.scope === "mcp" || (after.review && !before.review);
}

/** Whether more than before can be done by oneself. */
function isWider(before: Reach | undefined, after: Reach): boolean {
  if (!before || !holds(before, after)) return true;
  return after.scope === "mcp:write" &&
    (before.scope === "mcp" || (before.review && !after.review));
}

function actionOf(
  fresh: boolean,
  before: ReadonlyMap<EndpointId, Reach>,
  after: readonly GrantedEndpoint[],
): AuditAction {
  if (fresh) return "grant.created";
  if (after.some((one) => isWider(before.get(one.id), one))) return "grant.upgraded";
  const narrower = after.some((one) => isNarrower(before.get(one.id), one));
  return narrower ? "grant.narrowed" : "grant.renewed";
}

/**
 * Changes the connection to what was agreed; answers it, the hashes of tokens that lost by it, and the
 * tables of endpoints that are not reached whole.
 */
async function agreeIn(
  tx: Tx,
  scope: RequestScope,
  request: AuthorizationRequest,
  agreement: Agreement,
  offered: boolean,
): Promise<{ grantId: GrantId; lost: string[]; tables: Record<string, StoredReach> }> {
  const { client, redirect } = request;
  const { endpoints } = agreement;
  const { id: grantId, fresh } = await upsertGrant(tx, {
    id: newId<GrantId>(),
    userId: personOf(scope),
    client: await keepClient(tx, client),
    app: { name: client.name, clientId: client.clientId, host: redirect.host },
  });
  const before = new Map(
    (await selectGrantedEndpoints(tx, grantId)).map((one) => [one.id, one]),
  );
  const after = endpoints.map((id) => ({
    ...nextReach(agreement, offered, id, before.get(id)),
    id,
  }));
  for (const endpoint of after) await putGrantedEndpoint(tx, grantId, endpoint);
  const narrowed = after.filter((one) => isNarrower(before.get(one.id), one)).map(({ id }) => id);
  const shrunk = after.filter((one) => losesTables(before.get(one.id), one)).map(({ id }) => id);
  const lost: string[] = [];
  if (narrowed.length) {
    const authorizations = await selectAuthorizations(tx, grantId);
    lost.push(...await revokeWriting(tx, authorizations, narrowed));
    if (shrunk.length) {
      lost.push(...await revokeReaching(tx, authorizations, shrunk, ["mcp", "mcp:write"]));
    }
  }
  await recordEvent(tx, {
    tenantId: scope.tenantId,
    action: actionOf(fresh, before, after),
    actor: actorOf(scope),
    subject: client.name,
    endpointId: endpoints.length === 1 ? endpoints[0]! : null,
    detail: {
      grant_id: grantId,
      client_id: client.clientId,
      client_kind: client.kind,
      redirects_to: redirect.host,
      asked: request.scope,
      endpoints: after.map(({ tables, ...one }) => tables ? { ...one, tables } : one),
    },
  });
  const tables = Object.fromEntries(
    after.flatMap(({ id, tables }): [string, StoredReach][] => tables ? [[id, tables]] : []),
  );
  return { grantId, lost, tables };
}

/**
 * Lets the app in as the person said, and answers where to send the browser: the redirect with a code
 * of five minutes. An app that is connected already keeps its connection, which changes.
 *
 * @throws AppError INVALID_ARGUMENTS where no endpoint is chosen, or one that the request names is not;
 * ACCESS_DENIED for one that is not the person's; INSUFFICIENT_SCOPE for writing where nothing takes it
 * or that is not theirs to give; CONFLICT where the app's registration has expired; RATE_LIMITED.
 */
export async function agree(
  services: Services,
  scope: RequestScope,
  request: AuthorizationRequest,
  agreement: Agreement,
): Promise<string> {
  services.limiter.take(AGREEMENTS, personOf(scope));
  const choices = await consentChoices(services, scope, request);
  const chosen = [...new Set(agreement.endpoints)];
  if (chosen.length === 0) throw new AppError("INVALID_ARGUMENTS", "Choose at least one endpoint.");
  if (!chosen.every((id) => choices.endpoints.some((one) => one.id === id))) {
    throw new AppError("ACCESS_DENIED");
  }
  const missing = choices.named.find(({ id }) => !chosen.includes(id));
  if (missing) {
    throw new AppError("INVALID_ARGUMENTS", `The app needs ${missing.name}. Choose it, or refuse.`);
  }
  if (agreement.write && !choices.mayWrite) throw new AppError("INSUFFICIENT_SCOPE");
  const code = newToken("oac");
  const lost = await services.control.tenant(scope.tenantId, async (tx) => {
    const { grantId, lost, tables } = await agreeIn(tx, scope, request, {
      ...agreement,
      endpoints: chosen,
    }, choices.mayWrite);
    await insertAuthorization(tx, {
      id: newId<AuthorizationId>(),
      grantId,
      scope: agreement.write ? "mcp:write" : "mcp",
      review: agreement.write && agreement.review,
      endpoints: chosen,
      tables,
      codeHash: sha256(code),
      codeSeconds: CODE_SECONDS,
      challenge: request.challenge,
      redirectUri: request.redirectNamed ? request.redirect.uri : null,
    });
    return lost;
  });
  await forgetTokens(services, lost);
  return authorizationResponse(services, request.redirect, request.state, { code });
}

/** Refuses the app, and answers what it is told: `access_denied`. */
export async function decline(
  services: Services,
  scope: RequestScope,
  request: AuthorizationRequest,
): Promise<AuthorizationError> {
  personOf(scope);
  const { client, redirect } = request;
  await services.control.tenant(scope.tenantId, (tx) =>
    recordEvent(tx, {
      tenantId: scope.tenantId,
      action: "grant.refused",
      actor: actorOf(scope),
      subject: client.name,
      detail: { client_id: client.clientId, redirects_to: redirect.host, asked: request.scope },
    }));
  const error = new OAuthError("access_denied", "The person did not agree.");
  return authorizationError(services, client, redirect, request.state, error);
}
