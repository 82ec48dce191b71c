import type { MemberView, Session } from "../../lib/auth/mod.ts";
import { ButtonLink } from "../../lib/web/mod.ts";

/** The way out of a team; for its only owner, what comes first. */
export function Leave(
  { session, members }: { session: Session; members: readonly MemberView[] },
) {
  const owners = members.filter(({ role }) => role === "owner");
  if (session.role === "owner" && owners.length === 1) {
    return <p>You are the only owner, and so cannot leave. Transfer the ownership first.</p>;
  }
  return (
    <div class="row">
      <ButtonLink href="/team/leave">Leave this team</ButtonLink>
    </div>
  );
}
