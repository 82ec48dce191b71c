import { authorize, type Session } from "../../lib/auth/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { type OutboundPolicy, PUBLIC_ONLY } from "../../lib/http/mod.ts";
import type { EndpointId } from "../../lib/ids.ts";
import {
  agree,
  type AuthorizationRequest,
  decline,
  formTarget,
  needsDocument,
  OAUTH_ALIASES,
  OAUTH_PATHS,
  readAuthorizationRequest,
} from "../../lib/oauth/mod.ts";
import {
  type FormFields,
  type PageRequest,
  type PageRoute,
  publicPage,
  typedReach,
} from "../../lib/web/mod.ts";
import { tableChoices } from "../tokens/table_choices.ts";
import { ask, scopeOf } from "./ask.tsx";
import { leave, refusal, tell } from "./leave.tsx";

/** Reads the request; answers it where it needs nobody's decision. */
async function read(
  page: PageRequest,
  query: URLSearchParams,
  policy: OutboundPolicy,
): Promise<AuthorizationRequest | Response> {
  const { services, session } = page;
  // Documents are fetched for people who are signed in, not for everybody who knows our address.
  if (!session && needsDocument(query.get("client_id") ?? "", policy)) {
    throw new AppError("AUTHENTICATION_REQUIRED");
  }
  const userId = session?.userId ?? null;
  if (session) authorize(session, "apps:allow", services.clock.now());
  const reading = await readAuthorizationRequest(services, query, policy, userId);
  if (reading.answer === "refuse") return refusal(page, reading.reason);
  // Who is sent on to the app has signed in first: our address is no springboard (RFC 9700, 4.11.2).
  if (!session) throw new AppError("AUTHENTICATION_REQUIRED");
  return reading.answer === "error" ? tell(page, session, reading.error) : reading.request;
}

/** What was decided, carried out; what was forgotten, asked again. */
async function decide(
  page: PageRequest & { session: Session },
  request: AuthorizationRequest,
  form: FormFields,
): Promise<Response> {
  const scope = scopeOf(page, page.session);
  const decision = form.get("decision");
  if (decision === "refuse") {
    return tell(page, page.session, await decline(page.services, scope, request));
  }
  if (decision !== "allow") throw new AppError("INVALID_REQUEST", "Allow or refuse.");
  const chosen = form.getAll("endpoints") as EndpointId[];
  const offered = (await tableChoices(page.services, scope)).filter(({ id }) =>
    chosen.includes(id)
  );
  const reach = typedReach(form, offered);
  if (!reach.ok) {
    const query = form.get("request") ?? "";
    return await ask(page, request, query, { chosen, typed: form, tablesFault: reach.fault });
  }
  try {
    const write = form.get("write") === "yes";
    if (write) authorize(page.session, "apps:allow_writing", page.services.clock.now());
    const review = form.get("review") === "yes";
    const { tables } = reach;
    return leave(
      await agree(page.services, scope, request, { endpoints: chosen, write, review, tables }),
    );
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "INVALID_ARGUMENTS") throw error;
    const fault = error.detail ?? error.kind.next;
    return await ask(page, request, form.get("request") ?? "", { chosen, fault, typed: form });
  }
}

/**
 * `/oauth/authorize` and `/authorize`: the authorization endpoint and its consent page.
 *
 * @param policy Where client metadata documents may be fetched from.
 */
export function authorizePages(policy: OutboundPolicy = PUBLIC_ONLY): PageRoute[] {
  return [OAUTH_PATHS.authorize, OAUTH_ALIASES.authorize].map((path) =>
    authorizePage(path, policy)
  );
}

function authorizePage(path: string, policy: OutboundPolicy): PageRoute {
  return publicPage(path, {
    async get(page) {
      const request = await read(page, page.url.searchParams, policy);
      if (request instanceof Response) return request;
      const member = page as PageRequest & { session: Session };
      return await ask(member, request, page.url.searchParams.toString());
    },
    async post(page, form) {
      // Nothing is believed that the form says of the request: all of it is read and checked again.
      const request = await read(page, new URLSearchParams(form.get("request") ?? ""), policy);
      if (request instanceof Response) return request;
      page.leadsTo(formTarget(request.redirect));
      return await decide(page as PageRequest & { session: Session }, request, form);
    },
  });
}
