import { ButtonLink, HullDrawing, publicPage } from "../lib/web/mod.ts";

const STEPS = [
  {
    title: "Hand in a file",
    text:
      "CSV, TSV, JSON or NDJSON. Types, keys and relations are found in the data, and every row that " +
      "does not fit is reported with its line.",
  },
  {
    title: "Give your agent the URL",
    text:
      "You get an MCP endpoint with typed tools made from your tables: list, filter, search, join, " +
      "aggregate. Agents send structured filters, never SQL.",
  },
  {
    title: "Keep the say",
    text:
      "Each token names what it may do and where, expires when you want, and stops working the moment " +
      "you revoke it.",
  },
];

/** `/`: what this is; whoever is signed in goes on to their endpoints. */
export const home = publicPage("/", {
  get(page) {
    if (page.session) return page.redirect("/endpoints");
    return page.render(
      { title: "Your data, for your agents" },
      <>
        <section class="hero">
          <div class="stack">
            <h1>Your data, for your agents. Each set in a compartment of its own.</h1>
            <p class="lead">
              Bulkhead turns a file into a live MCP endpoint. Behind each endpoint stands a Postgres
              database that holds nothing else, so that one leak never floods the ship.
            </p>
            <div class="row">
              <ButtonLink href="/sign-up" tone="primary">Create account</ButtonLink>
              <ButtonLink href="/sign-in">Sign in</ButtonLink>
            </div>
          </div>
          <HullDrawing />
        </section>
        <ol class="steps">
          {STEPS.map(({ title, text }) => (
            <li key={title}>
              <h2>{title}</h2>
              <p class="soft">{text}</p>
            </li>
          ))}
        </ol>
      </>,
    );
  },
});
