import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { Services } from "../services.ts";
import { hasFactor, type Session } from "./account.ts";
import { selectSessions } from "./session_store.ts";
import { forgetSessions } from "./sessions.ts";
import { selectMembers, updateTwoFactorRequired } from "./team_store.ts";

/**
 * Says whether members of the session's team need a second factor. From the next request on, those who
 * have none can do nothing there until they have set one up; tokens and apps that exist go on.
 *
 * @throws AppError TWO_FACTOR_REQUIRED where whoever says so has none: they would lock themselves out.
 */
export async function requireTwoFactor(
  services: Services,
  session: Session,
  required: boolean,
  actor: AuditActor,
): Promise<void> {
  const { tenantId } = session;
  if (required && !hasFactor(session.factors)) {
    throw new AppError("TWO_FACTOR_REQUIRED", "Set it up for your own account first.");
  }
  const members = await services.control.tenant(tenantId, async (tx) => {
    if (!await updateTwoFactorRequired(tx, required)) return [];
    await recordEvent(tx, {
      tenantId,
      action: "team.two_factor_changed",
      actor,
      detail: { required },
    });
    return await selectMembers(tx);
  });
  const sessions = await Promise.all(
    members.map(({ userId }) => selectSessions(services.control, userId)),
  );
  await forgetSessions(services, sessions.flat().map(({ id }) => id));
}
