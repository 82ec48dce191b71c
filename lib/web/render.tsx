import type { VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import type { Role } from "../auth/mod.ts";
import { contentSecurityPolicy } from "./headers.ts";
import { type Rendering, RenderingContext } from "./rendering.ts";
import { visibleText } from "../text/mod.ts";
import { markUnseen } from "./components/visible_text.tsx";
import { Page, type Shell } from "./shell.tsx";
import type { Assets } from "./assets.ts";
import type { NoticeCode } from "./notices.ts";

/** What a page is rendered with besides its own content. */
export interface RenderOptions {
  readonly assets: Assets;
  readonly csrfToken: string;
  readonly viewer: string | null;
  /** The viewer's role in the team whose page it is. */
  readonly role?: Role | null;
  readonly notice?: NoticeCode | null;
  readonly status?: number;
}

/**
 * Renders a page into the shell. The head is made after the body, for only then it is known whether
 * the page holds an island and so needs the script.
 */
export function renderPage(shell: Shell, content: VNode, options: RenderOptions): Response {
  const { assets } = options;
  const islands = new Set<string>();
  const rendering: Rendering = {
    assets,
    role: options.role ?? null,
    csrfToken: options.csrfToken,
    islands,
  };
  const body = markUnseen(renderToString(
    <RenderingContext.Provider value={rendering}>
      <Page shell={shell} viewer={options.viewer} notice={options.notice ?? null}>
        {content}
      </Page>
    </RenderingContext.Provider>,
  ));
  const head = renderToString(
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{`${visibleText(shell.title)} · Bulkhead`}</title>
      <link rel="stylesheet" href={assets.stylesheet} />
      <link rel="icon" type="image/svg+xml" href={assets.icon} />
      {islands.size > 0 && assets.hydrate && <script type="module" src={assets.hydrate} />}
      {shell.refresh !== undefined && (
        <noscript>
          <meta http-equiv="refresh" content={String(shell.refresh)} />
        </noscript>
      )}
    </head>,
  );
  return new Response(`<!doctype html><html lang="en">${head}<body>${body}</body></html>`, {
    status: options.status ?? 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      // Pages show a tenant's data: no shared cache and no disk keeps them.
      "cache-control": "no-store",
      "content-security-policy": contentSecurityPolicy(shell.formTargets),
    },
  });
}
