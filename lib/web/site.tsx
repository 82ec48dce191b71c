import { type Context, Hono } from "hono";
import {
  authorize,
  holdForm,
  type Permission,
  rereadSession,
  type Session,
  takeForm,
} from "../auth/mod.ts";
import { isLoopback } from "../config.ts";
import { AppError, problemResponse, toAppError } from "../errors.ts";
import { mediaType, readUpload } from "../http/mod.ts";
import { newId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { Assets } from "./assets.ts";
import { CSRF_FIELD, HELD_FIELD } from "./components/form.tsx";
import { createCookies } from "./cookies.ts";
import { checkSource, checkToken, CSRF_HEADER, isSafe } from "./csrf.ts";
import { ErrorPage } from "./error_page.tsx";
import { type FormFields, readForm } from "./form_data.ts";
import { hstsOf, setSecurityHeaders } from "./headers.ts";
import { nextPath } from "./next_path.ts";
import type { MemberRequest, PageHandlers, PageRoute } from "./page.ts";
import { renderPage } from "./render.tsx";
import { openVisit, pageRequest, type Site, type Visit, wantsJson } from "./visit.ts";

/** What the server knows of who connects, besides the request. */
export interface Client {
  /** IPv4 /24, IPv6 /48; null where unknown. */
  readonly network: string | null;
}

interface Env {
  Bindings: Client;
  Variables: { visit: Visit; route: string; form: FormFields };
}

/** A loopback site is reached under several names, which are one to its owner. */
function ownOrigins(baseUrl: URL): ReadonlySet<string> {
  if (!isLoopback(baseUrl.hostname)) return new Set([baseUrl.origin]);
  return new Set(["127.0.0.1", "localhost", "[::1]"].map((host) => {
    const url = new URL(baseUrl);
    url.hostname = host;
    return url.origin;
  }));
}

/** Makes the site: what all pages share. */
export function createSite(services: Services, assets: Assets): Site {
  const { baseUrl } = services;
  return {
    services,
    assets,
    cookies: createCookies(baseUrl.protocol === "https:"),
    ownOrigins: ownOrigins(baseUrl),
  };
}

/** Reads a form and checks that it is ours; what may be kept of it is noted for `heldPath`. */
async function readOwnForm(c: Context<Env>): Promise<FormFields> {
  const form = await readForm(c.req.raw);
  const token = c.req.raw.headers.get(CSRF_HEADER) ?? form.get(CSRF_FIELD);
  checkToken(token, c.get("visit").csrfToken);
  form.delete(CSRF_FIELD);
  c.set("form", form);
  return form;
}

/** The form that was sent; where it names one that waited, that one, which is used up by it. */
async function formOf(site: Site, c: Context<Env>): Promise<FormFields> {
  const sent = c.get("form") ?? await readOwnForm(c);
  const held = sent.get(HELD_FIELD);
  const { session } = c.get("visit");
  if (held === null || !session) return sent;
  const form = await takeForm(site.services, session, pathOf(c.req.url), held);
  c.set("form", form);
  return form;
}

/**
 * The page as its sender is now that the form has come, which may have taken its time.
 *
 * @throws AppError AUTHENTICATION_REQUIRED, ACCESS_DENIED and as `authorize` does, where they were stopped.
 */
async function afresh(
  site: Site,
  c: Context<Env>,
  page: MemberRequest,
  need: Permission | undefined,
): Promise<MemberRequest> {
  const { services } = site;
  const now = await rereadSession(services, page.session);
  if (!now) throw new AppError("AUTHENTICATION_REQUIRED");
  if (now === page.session) return page;
  if (now.tenantId !== page.session.tenantId) {
    throw new AppError("ACCESS_DENIED", "You went on in another team meanwhile.");
  }
  authorize(now, need, services.clock.now());
  c.set("visit", { ...c.get("visit"), session: now });
  return pageRequest(site, c.get("visit"), page.request, (name) => c.req.param(name) ?? "");
}

async function write(
  site: Site,
  c: Context<Env>,
  page: MemberRequest,
  route: PageRoute,
) {
  const handlers = route as PageHandlers<MemberRequest>;
  const { request } = page;
  const visit = c.get("visit");
  const header = request.headers.get(CSRF_HEADER);
  if (handlers.upload && mediaType(request) === "multipart/form-data") {
    // From a script the token comes in the header; from a form it is the first field, before the file.
    if (header !== null) checkToken(header, visit.csrfToken);
    const upload = await readUpload(request);
    try {
      checkToken(header ?? upload.fields.get(CSRF_FIELD), visit.csrfToken);
      return await handlers.upload(page, upload);
    } finally {
      upload.cancel();
    }
  }
  if (!handlers.post) {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "Send multipart/form-data.");
  }
  const form = await formOf(site, c);
  const sender = route.access === "member"
    ? await afresh(site, c, page, route.permission?.write)
    : page;
  return await handlers.post(sender, form);
}

function allowed(route: PageRoute): string {
  const reads = route.get ? ["GET", "HEAD"] : [];
  return [...reads, ...(route.post || route.upload ? ["POST"] : [])].join(", ");
}

const FORM = "application/x-www-form-urlencoded";

/** Asks whether a member may; a form that is refused until its sender is proved is read, to be kept. */
async function permitted(
  site: Site,
  c: Context<Env>,
  session: Session,
  need: Permission | undefined,
): Promise<void> {
  try {
    authorize(session, need, site.services.clock.now());
  } catch (error) {
    const waits = error instanceof AppError && error.code === "CONFIRMATION_REQUIRED";
    if (waits && !isSafe(c.req.method) && mediaType(c.req.raw) === FORM) await formOf(site, c);
    throw error;
  }
}

async function run(site: Site, route: PageRoute, c: Context<Env>): Promise<Response> {
  const visit = c.get("visit");
  c.set("route", route.path);
  const request = c.req.raw;
  if (route.access === "member") {
    if (!visit.session) throw new AppError("AUTHENTICATION_REQUIRED");
    const need = isSafe(request.method) ? route.permission?.read : route.permission?.write;
    const exists = isSafe(request.method) ? route.get : route.post ?? route.upload;
    if (!exists) throw new AppError("METHOD_NOT_ALLOWED");
    await permitted(site, c, visit.session, need);
  }
  const page = pageRequest(site, visit, request, (name) => c.req.param(name) ?? "");
  // A page for anyone takes less of the same request: what a member's page sees besides stays unread.
  const handlers = route as PageHandlers<MemberRequest>;
  if (isSafe(request.method) && handlers.get) return await handlers.get(page);
  if (request.method === "POST" && (handlers.post || handlers.upload)) {
    return await write(site, c, page, route);
  }
  throw new AppError("METHOD_NOT_ALLOWED");
}

const pathOf = (url: string) => {
  const { pathname, search } = new URL(url);
  return pathname + search;
};

/** The page of ours that a form was on, as the browser tells it; the start where it does not. */
function pageBefore(request: Request): string {
  const before = URL.parse(request.headers.get("referer") ?? "");
  return before ? nextPath(before.pathname + before.search, "/") : "/";
}

/** Where it is proved who sent a request: what was sent waits meanwhile, except files. */
async function confirmPath(site: Site, c: Context<Env>, session: Session): Promise<string> {
  const path = pathOf(c.req.url);
  const query = new URLSearchParams();
  const fields = c.get("form");
  const { targets } = c.get("visit");
  const held = fields && await holdForm(site.services, session, path, { fields, targets });
  if (isSafe(c.req.method)) query.set("next", path);
  else {
    if (held) query.set("held", held);
    else query.set("repeat", "yes");
    query.set("next", pageBefore(c.req.raw));
  }
  return `/account/confirm?${query}`;
}

async function errorResponse(
  site: Site,
  c: Context<Env>,
  error: AppError,
  visit: Visit,
): Promise<Response> {
  const request = c.req.raw;
  if (wantsJson(request)) return problemResponse(error, visit.requestId);
  if (error.code === "AUTHENTICATION_REQUIRED") {
    const next = isSafe(request.method) ? `?next=${encodeURIComponent(pathOf(request.url))}` : "";
    return new Response(null, { status: 303, headers: { location: `/sign-in${next}` } });
  }
  if (error.code === "CONFIRMATION_REQUIRED" && visit.session) {
    const location = await confirmPath(site, c, visit.session);
    return new Response(null, { status: 303, headers: { location } });
  }
  if (error.code === "TWO_FACTOR_REQUIRED" && visit.session?.factorMissing) {
    return new Response(null, { status: 303, headers: { location: "/account/security" } });
  }
  const answer = renderPage(
    { title: error.kind.title },
    <ErrorPage error={error} requestId={visit.requestId} />,
    {
      assets: site.assets,
      csrfToken: visit.csrfToken,
      viewer: visit.session?.email ?? null,
      status: error.kind.status,
    },
  );
  if (error.retryAfter !== undefined) {
    answer.headers.set("retry-after", String(Math.ceil(error.retryAfter)));
  }
  return answer;
}

/** The visit of a request that failed before anything was known of it. */
const nobody = (): Visit => ({
  requestId: newId(),
  network: null,
  session: null,
  csrfToken: "",
  browser: undefined,
  outgoing: [],
  targets: [],
});

/** Serves pages and their assets: middleware around the routes, errors in the shell. */
export function createPages(
  site: Site,
  routes: readonly PageRoute[],
): (request: Request, client: Client) => Promise<Response> {
  const { services, assets } = site;
  const hsts = hstsOf(services.baseUrl, services.hstsSubdomains);
  const app = new Hono<Env>();

  app.use(async (c, next) => {
    await next();
    const visit = c.get("visit");
    setSecurityHeaders(c.res.headers, hsts, c.req.path);
    if (!visit) return;
    c.res.headers.set("x-request-id", visit.requestId);
    for (const cookie of visit.outgoing) c.res.headers.append("set-cookie", cookie);
  });
  app.get("/assets/*", (c) => assets.serve(c.req.path) ?? c.text("Not found", 404));
  app.use(async (c, next) => {
    c.set("visit", await openVisit(site, c.req.raw, c.env.network));
    if (!isSafe(c.req.method)) checkSource(c.req.raw, site.ownOrigins);
    await next();
  });
  for (const route of routes) app.all(route.path, (c) => run(site, route, c));
  app.notFound((c) =>
    errorResponse(site, c, new AppError("NOT_FOUND"), c.get("visit") ?? nobody())
  );
  app.onError(async (thrown, c) => {
    const error = toAppError(thrown);
    const visit = c.get("visit") ?? nobody();
    if (error.kind.status >= 500) {
      // The route's pattern, not the address: an address may hold a sign-in link's secret.
      const route = c.get("route") ?? "";
      services.log.error("page.failed", { requestId: visit.requestId, route, error });
    }
    const answer = await errorResponse(site, c, error, visit);
    if (error.code === "METHOD_NOT_ALLOWED") {
      const route = routes.find(({ path }) => path === c.get("route"));
      if (route) answer.headers.set("allow", allowed(route));
    }
    return answer;
  });
  return async (request, client) => await app.fetch(request, client);
}
