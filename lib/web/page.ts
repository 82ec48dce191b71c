import type { VNode } from "preact";
import type { BrowserActor, Permission, Session, SessionTokens } from "../auth/mod.ts";
import type { Upload } from "../http/mod.ts";
import type { RequestId } from "../ids.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { FormFields } from "./form_data.ts";
import type { NoticeCode } from "./notices.ts";
import type { Shell } from "./shell.tsx";

/** One request of a browser, as a page's handler sees it. */
export interface PageRequest {
  readonly services: Services;
  readonly request: Request;
  readonly url: URL;
  readonly requestId: RequestId;
  /** Who is signed in; null for a visitor. */
  readonly session: Session | null;
  /** Who acts, for the audit log. */
  readonly actor: BrowserActor;
  /** Whether the answer is for a script: JSON, not a page. */
  readonly wantsJson: boolean;
  /** A part of the path; empty where the path has no such part. */
  param(name: string): string;
  /** Answers with a page. */
  render(shell: Shell, content: VNode, status?: number): Response;
  /**
   * Answers a write: 303 to a page of ours, which says the notice. A script gets
   * `{"location": path}` instead.
   */
  redirect(path: string, notice?: NoticeCode): Response;
  /** Notes that the answer to this form may send the browser to this place besides: a policy's source. */
  leadsTo(target: string): void;
  /** Signs the browser in, or out with null. */
  setSession(tokens: SessionTokens | null): void;
  /**
   * Keeps, or forgets with null, what a code from a mail will be answered by, and the page that signing
   * in leads on to: in this browser alone, never in the mail.
   */
  setChallenge(id: string | null, next?: string): void;
  /** Keeps, or forgets with null, that this browser has shown a first factor and is asked for a second. */
  setPending(secret: string | null): void;
  /** What `setPending` kept; empty where there is nothing. */
  readonly pending: string;
  /** Keeps, or forgets with null, what a passkey's answer is known by. */
  setPasskeyChallenge(secret: string | null): void;
  /** What `setPasskeyChallenge` kept; empty where there is nothing. */
  readonly passkeyChallenge: string;
  /** What `setChallenge` kept; empty where there is nothing. */
  readonly challenge: string;
  /** The page that `setChallenge` kept, as `nextPath` lets it through; null where there is none. */
  readonly challengeNext: string | null;
}

/** One request of a browser that is signed in. */
export interface MemberRequest extends PageRequest {
  readonly session: Session;
  readonly scope: RequestScope;
  /** Keeps a text for the page that a redirect leads to. */
  showOnce(text: string): Promise<void>;
  /** Takes what `showOnce` kept; null where there is nothing. */
  takeOnce(): Promise<string | null>;
}

type Answer = Response | Promise<Response>;

/** What a page does, by method. Forms and uploads arrive with their CSRF token already checked. */
export interface PageHandlers<Page extends PageRequest> {
  readonly get?: (page: Page) => Answer;
  readonly post?: (page: Page, form: FormFields) => Answer;
  /** A multipart form; the page consumes the file's stream. */
  readonly upload?: (page: Page, upload: Upload) => Answer;
}

/** What a page for members needs, by what is done with it. */
export interface PagePermission {
  readonly read?: Permission;
  readonly write?: Permission;
}

interface Described {
  readonly path: string;
  /** For members' pages; what is not declared is denied. */
  readonly permission?: PagePermission;
}

/** One page: its path, who may come, and what it does. */
export type PageRoute =
  | (Described & { readonly access: "anyone" } & PageHandlers<PageRequest>)
  | (Described & { readonly access: "member" } & PageHandlers<MemberRequest>);

/** Declares a page that anyone may open. */
export function publicPage(path: string, handlers: PageHandlers<PageRequest>): PageRoute {
  return { path, access: "anyone", ...handlers };
}

/** Declares a page for people who are signed in; `permit` says what they need for it. */
export function memberPage(path: string, handlers: PageHandlers<MemberRequest>): PageRoute {
  return { path, access: "member", ...handlers };
}

/** Declares what members' pages need, by path: all of it in one place, to be read at a glance. */
export function permit(
  routes: readonly PageRoute[],
  permissions: Readonly<Record<string, PagePermission>>,
): PageRoute[] {
  return routes.map((route) => {
    const permission = permissions[route.path];
    return route.access === "member" && permission ? { ...route, permission } : route;
  });
}
