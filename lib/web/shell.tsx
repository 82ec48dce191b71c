import type { ComponentChildren } from "preact";
import { may, type Permission } from "../auth/mod.ts";
import { Button, Form } from "./components/form.tsx";
import { Mark } from "./components/logo.tsx";
import { Notice } from "./components/pieces.tsx";
import { type NoticeCode, NOTICES } from "./notices.ts";
import { useRendering } from "./rendering.ts";

/** What the frame of a page says. */
export interface Shell {
  /** Title of the page, without the site's name. */
  readonly title: string;
  /** The part of the dashboard that the page belongs to. */
  readonly section?: "endpoints" | "tokens" | "apps" | "activity" | "team" | "account";
  /** Seconds after which a browser without scripts loads the page again. */
  readonly refresh?: number;
  /** Where the page's forms may lead besides us, as source expressions of a content security policy. */
  readonly formTargets?: readonly string[];
}

interface PageProps {
  shell: Shell;
  /** E-mail address of who is signed in; null for a visitor. */
  viewer: string | null;
  notice: NoticeCode | null;
  children: ComponentChildren;
}

const SECTIONS: readonly {
  readonly key: NonNullable<Shell["section"]>;
  readonly href: string;
  readonly label: string;
  /** What one needs to be led there. */
  readonly needs?: Permission;
}[] = [
  { key: "endpoints", href: "/endpoints", label: "Endpoints" },
  { key: "tokens", href: "/tokens", label: "Tokens" },
  { key: "apps", href: "/apps", label: "Apps" },
  { key: "activity", href: "/activity", label: "Activity", needs: "activity:read" },
  { key: "team", href: "/team", label: "Team" },
];

function Account({ viewer, here }: { viewer: string | null; here: boolean }) {
  if (viewer === null) {
    return (
      <div class="account">
        <a href="/sign-in">Sign in</a>
      </div>
    );
  }
  return (
    <div class="account">
      <a
        class="who"
        href="/account"
        title={`Account of ${viewer}`}
        aria-current={here ? "true" : undefined}
      >
        {viewer}
      </a>
      <Form action="/sign-out" inline>
        <Button tone="quiet">Sign out</Button>
      </Form>
    </div>
  );
}

/** Everything inside `<body>`: skip link, header, the page itself, footer. */
export function Page({ shell, viewer, notice, children }: PageProps) {
  const { role } = useRendering();
  return (
    <>
      <a class="skip" href="#main">Skip to content</a>
      <header class="top">
        <div class="hull">
          <a class="brand" href="/">
            <Mark />
            Bulkhead
          </a>
          {viewer !== null && (
            <nav class="nav" aria-label="Main">
              {SECTIONS.map(({ key, href, label, needs }) => (
                (!needs || (role !== null && may(role, needs))) && (
                  <a
                    key={key}
                    href={href}
                    aria-current={shell.section === key ? "true" : undefined}
                  >
                    {label}
                  </a>
                )
              ))}
            </nav>
          )}
          <Account viewer={viewer} here={shell.section === "account"} />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <div class="hull">
          {notice && <Notice tone={NOTICES[notice].tone}>{NOTICES[notice].text}</Notice>}
          {children}
        </div>
      </main>
      <footer class="foot">
        <div class="hull">
          <span>Each endpoint is a database of its own.</span>
        </div>
      </footer>
    </>
  );
}
