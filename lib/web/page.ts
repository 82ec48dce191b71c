import type { VNode } from "preact";
import type { AuditActor } from "../audit/mod.ts";
import type { Session } from "../auth/mod.ts";
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
  readonly actor: AuditActor;
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
  /** Signs the browser in with a session's secret, or out with null. */
  setSession(secret: string | null): void;
}

/** One request of a browser that is signed in. */
export interface MemberRequest extends PageRequest {
  readonly session: Session;
  readonly scope: RequestScope;
  /** The session cookie's secret, to end it with. */
  readonly sessionSecret: string;
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

/** One page: its path, who may come, and what it does. */
export type PageRoute =
  | ({ readonly path: string; readonly access: "anyone" } & PageHandlers<PageRequest>)
  | ({ readonly path: string; readonly access: "member" } & PageHandlers<MemberRequest>);

/** Declares a page that anyone may open. */
export function publicPage(path: string, handlers: PageHandlers<PageRequest>): PageRoute {
  return { path, access: "anyone", ...handlers };
}

/** Declares a page for people who are signed in. */
export function memberPage(path: string, handlers: PageHandlers<MemberRequest>): PageRoute {
  return { path, access: "member", ...handlers };
}
