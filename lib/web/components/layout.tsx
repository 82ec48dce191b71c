import type { ComponentChildren } from "preact";
import { Mark } from "./logo.tsx";
import { Notice } from "./pieces.tsx";
import { Visible } from "./visible_text.tsx";

interface PageHeadProps {
  title: string;
  /** The way here, outermost first, without this page. */
  crumbs?: readonly { href: string; label: string }[];
  /** One line under the title. */
  lead?: ComponentChildren;
  /** What can be done on this page, at the end of the line. */
  actions?: ComponentChildren;
}

/** The head of a page: the way here, its title, what it is, what can be done. */
export function PageHead({ title, crumbs = [], lead, actions }: PageHeadProps) {
  return (
    <div class="page-head">
      <div>
        {crumbs.length > 0 && (
          <nav aria-label="Breadcrumb">
            <ol class="crumbs">
              {crumbs.map(({ href, label }) => (
                <li key={href}>
                  <a href={href}>
                    <Visible text={label} />
                  </a>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <h1>
          <Visible text={title} />
        </h1>
        {lead && <p class="soft">{lead}</p>}
      </div>
      {actions && <div class="row">{actions}</div>}
    </div>
  );
}

/** The frame around compartments. */
export function Hold({ children }: { children: ComponentChildren }) {
  return <div class="hold">{children}</div>;
}

interface CompartmentProps {
  title: string;
  id: string;
  /** What this part is for, in a sentence or two. */
  about?: ComponentChildren;
  children: ComponentChildren;
}

/** One part of a page: its label on the left where there is room, its content on the right. */
export function Compartment({ title, id, about, children }: CompartmentProps) {
  return (
    <section class="compartment" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {about && <p>{about}</p>}
      </header>
      <div class="inside">{children}</div>
    </section>
  );
}

/** What stands where there is nothing yet: what it would be, and how to get it. */
export function EmptyState(
  { title, children, action }: {
    title: string;
    children: ComponentChildren;
    action?: ComponentChildren;
  },
) {
  return (
    <div class="empty">
      <Mark />
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** Short facts, each under its name. */
export function Facts(
  { facts }: { facts: readonly { label: string; value: ComponentChildren }[] },
) {
  return (
    <dl class="facts">
      {facts.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface SheetProps {
  title: string;
  /** What is wrong with the form on it, by field: said once at its head, for those who cannot see. */
  faults?: Readonly<Record<string, string>>;
  foot?: ComponentChildren;
  children: ComponentChildren;
}

/** A page that is one small form. */
export function Sheet({ title, faults = {}, foot, children }: SheetProps) {
  const count = Object.keys(faults).length;
  return (
    <div class="narrow stack">
      <h1>
        <Visible text={title} />
      </h1>
      {count > 0 && (
        <Notice tone="danger">
          {count === 1 ? "One field needs your attention." : `${count} fields need your attention.`}
        </Notice>
      )}
      <div class="sheet">{children}</div>
      {foot && <p class="soft">{foot}</p>}
    </div>
  );
}
