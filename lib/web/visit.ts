import {
  ACCESS_SECONDS,
  type BrowserActor,
  PASSKEY_TIMEOUT_MS,
  PENDING_MINUTES,
  principalOf,
  readSession,
  refreshSession,
  type Session,
  SESSION_DAYS,
  sessionCsrfToken,
  type SessionTokens,
} from "../auth/mod.ts";
import { randomSecret, sha256 } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { isId, newId, type RequestId } from "../ids.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { Assets } from "./assets.ts";
import type { CookieName, Cookies } from "./cookies.ts";
import { csrfToken, isSafe } from "./csrf.ts";
import { deviceOf } from "./device.ts";
import { nextPath } from "./next_path.ts";
import { parseNotice } from "./notices.ts";
import { ONCE_SECONDS, openOnce, sealOnce } from "./once.ts";
import type { MemberRequest } from "./page.ts";
import { renderPage } from "./render.tsx";

/** What the pages of a site share. */
export interface Site {
  readonly services: Services;
  readonly assets: Assets;
  readonly cookies: Cookies;
  /** Origins that our own pages may come from. */
  readonly ownOrigins: ReadonlySet<string>;
}

/** What came before a page's handler: the session, the CSRF token, the cookies to send back. */
export interface Visit {
  readonly requestId: RequestId;
  readonly network: string | null;
  readonly session: Session | null;
  readonly csrfToken: string;
  /** SHA-256 of the browser's own cookie; undefined where it keeps none. */
  readonly browser: Uint8Array<ArrayBuffer> | undefined;
  /** `Set-Cookie` values of the answer. */
  readonly outgoing: string[];
  /** Where the answer may send the browser, besides to us. */
  readonly targets: string[];
}

const CHALLENGE_SECONDS = 15 * 60;
const VISITOR = /^[A-Za-z0-9_-]{43}$/;
// As long as browsers keep a cookie at most (RFC 6265bis, section 5.5).
const BROWSER_SECONDS = 400 * 86_400;

const SESSION_SECONDS = SESSION_DAYS * 86_400;

function keep({ cookies }: Site, outgoing: string[], tokens: SessionTokens | null): void {
  outgoing.push(
    ...(tokens
      ? [
        cookies.set("session", tokens.access, ACCESS_SECONDS),
        cookies.set("refresh", tokens.refresh, SESSION_SECONDS),
      ]
      : [cookies.clear("session"), cookies.clear("refresh")]),
  );
}

/** The session of a request's cookies; where the access token has expired, the refresh token's. */
async function sessionOf(
  site: Site,
  request: Request,
  actor: BrowserActor,
  outgoing: string[],
): Promise<Session | null> {
  const { services, cookies } = site;
  const access = cookies.read(request, "session");
  const known = access && await readSession(services, access);
  if (known) return known;
  const refresh = cookies.read(request, "refresh");
  const renewed = refresh && await refreshSession(services, refresh, actor);
  if (renewed) keep(site, outgoing, renewed.tokens);
  else if (access || refresh) keep(site, outgoing, null);
  return renewed ? renewed.session : null;
}

/**
 * What tells a browser from others, beyond its sessions: codes are counted by it, and a sign-in from
 * another one is told by mail. A visitor gets it with the first form that they send.
 */
function browserOf({ cookies }: Site, request: Request, outgoing: string[]) {
  let secret = cookies.read(request, "browser");
  if (!secret || !VISITOR.test(secret)) {
    if (isSafe(request.method)) return undefined;
    secret = randomSecret();
  }
  // Sent anew with each form, so that it lasts as long as it is in use.
  if (!isSafe(request.method)) outgoing.push(cookies.set("browser", secret, BROWSER_SECONDS));
  return sha256(secret);
}

/**
 * Finds out who comes. Every browser has a CSRF token: its session's, else one that is derived from a
 * visitor cookie's secret, so that the sign-in form is covered too.
 */
export async function openVisit(
  site: Site,
  request: Request,
  network: string | null,
): Promise<Visit> {
  const { services, cookies } = site;
  const outgoing: string[] = [];
  const browser = browserOf(site, request, outgoing);
  const base = { requestId: newId<RequestId>(services.clock.now()), network, browser, targets: [] };
  const actor = actorOf({ ...base, session: null }, request);
  const session = await sessionOf(site, request, actor, outgoing);
  if (session) {
    return { ...base, outgoing, session, csrfToken: await sessionCsrfToken(services, session) };
  }
  let visitor = cookies.read(request, "visitor");
  if (!visitor || !VISITOR.test(visitor)) {
    visitor = randomSecret();
    outgoing.push(cookies.set("visitor", visitor));
  }
  return { ...base, outgoing, session: null, csrfToken: csrfToken(visitor) };
}

function actorOf(
  { requestId, network, session, browser }: Pick<
    Visit,
    "requestId" | "network" | "session" | "browser"
  >,
  request: Request,
): BrowserActor {
  return {
    kind: "dashboard",
    userId: session?.userId ?? null,
    tokenId: null,
    requestId,
    network,
    device: deviceOf(request),
    ...(browser ? { browser } : {}),
  };
}

/** Tells whether a request asks for JSON rather than a page. */
export function wantsJson(request: Request): boolean {
  return (request.headers.get("accept") ?? "").startsWith("application/json");
}

/** The scope of a signed-in visit. */
function scopeOf(visit: Visit, session: Session, signal: AbortSignal): RequestScope {
  return {
    requestId: visit.requestId,
    principal: principalOf(session),
    tenantId: session.tenantId,
    network: visit.network,
    signal,
  };
}

/**
 * Makes what a page's handler sees of a request. For a visitor, `session` is null and `scope` refuses:
 * routes that need them are declared `member` and never reached without.
 */
export function pageRequest(
  site: Site,
  visit: Visit,
  request: Request,
  param: (name: string) => string,
): MemberRequest {
  const { services, assets, cookies } = site;
  const { session, outgoing, requestId } = visit;
  const need = <T>(value: T | null): T => {
    if (value === null) throw new AppError("AUTHENTICATION_REQUIRED");
    return value;
  };
  const keepFor = (name: CookieName, value: string | null, seconds: number) => {
    outgoing.push(value === null ? cookies.clear(name) : cookies.set(name, value, seconds));
  };
  return {
    services,
    request,
    url: new URL(request.url),
    requestId,
    param,
    wantsJson: wantsJson(request),
    actor: actorOf(visit, request),
    // The one cast: see the docstring.
    session: session as Session,
    get scope() {
      return scopeOf(visit, need(session), request.signal);
    },
    render(shell, content, status = 200) {
      const notice = parseNotice(cookies.read(request, "notice"));
      if (notice) outgoing.push(cookies.clear("notice"));
      return renderPage(shell, content, {
        assets,
        csrfToken: visit.csrfToken,
        viewer: session?.email ?? null,
        role: session?.role ?? null,
        notice,
        status,
      });
    },
    redirect(path, notice) {
      if (notice) outgoing.push(cookies.set("notice", notice, ONCE_SECONDS));
      if (wantsJson(request)) return Response.json({ location: path });
      return new Response(null, { status: 303, headers: { location: path } });
    },
    leadsTo: (target) => void visit.targets.push(target),
    setSession(tokens) {
      // The secret behind the CSRF token changes with who is signed in: no form outlives that.
      keep(site, outgoing, tokens);
      outgoing.push(
        ...(["visitor", "challenge", "next", "pending", "passkey"] as const).map((name) =>
          cookies.clear(name)
        ),
      );
    },
    setChallenge(id, next) {
      keepFor("challenge", id, CHALLENGE_SECONDS);
      keepFor("next", next ?? null, CHALLENGE_SECONDS);
    },
    setPending: (secret) => keepFor("pending", secret, PENDING_MINUTES * 60),
    get pending() {
      return cookies.read(request, "pending") ?? "";
    },
    setPasskeyChallenge: (secret) => keepFor("passkey", secret, PASSKEY_TIMEOUT_MS / 1000),
    get passkeyChallenge() {
      return cookies.read(request, "passkey") ?? "";
    },
    get challengeNext() {
      return nextPath(cookies.read(request, "next"), "") || null;
    },
    get challenge() {
      const id = cookies.read(request, "challenge") ?? "";
      return isId(id) ? id : "";
    },
    async showOnce(text) {
      const sealed = await sealOnce(services, need(session).id, text);
      outgoing.push(cookies.set("once", sealed, ONCE_SECONDS));
    },
    async takeOnce() {
      const sealed = cookies.read(request, "once");
      if (sealed === null) return null;
      outgoing.push(cookies.clear("once"));
      return await openOnce(services, need(session).id, sealed);
    },
  };
}
