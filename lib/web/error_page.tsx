import { AppError } from "../errors.ts";
import { ButtonLink } from "./components/form.tsx";
import { PageHead } from "./components/layout.tsx";

// What answers programs speaks of credentials; whoever reads a page has a role.
const NOT_ALLOWED = {
  title: "You may not do that here.",
  next: "Ask an owner or admin of the team.",
};

/** What went wrong, what to do next, and the id under which our log knows it. */
export function ErrorPage({ error, requestId }: { error: AppError; requestId: string }) {
  const { status } = error.kind;
  const { title, next } = error.code === "ACCESS_DENIED" ? NOT_ALLOWED : error.kind;
  return (
    <div class="stack">
      <PageHead title={title} crumbs={[]} lead={error.detail ?? next} />
      {error.detail && <p>{next}</p>}
      <div class="row">
        <ButtonLink href="/" tone="primary">Go to the start</ButtonLink>
      </div>
      <p class="small soft">
        Error {status}, request <code>{requestId}</code>
      </p>
    </div>
  );
}
