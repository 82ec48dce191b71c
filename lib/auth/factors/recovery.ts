import { type AuditActor, recordEvent } from "../../audit/mod.ts";
import { AppError } from "../../errors.ts";
import type { Services } from "../../services.ts";
import { hasFactor, type Session } from "../account.ts";
import { recoveryCreatedMail } from "../mails.ts";
import { forgetFactors } from "./changes.ts";
import { makeRecoveryCodes } from "./recovery_codes.ts";

/**
 * Makes new recovery codes; earlier ones work no more.
 *
 * @throws AppError CONFLICT where the account has no factor that they could stand for.
 */
export async function renewRecoveryCodes(
  services: Services,
  session: Session,
  actor: AuditActor,
): Promise<string[]> {
  const { tenantId, userId, email } = session;
  if (!hasFactor(session.factors)) {
    throw new AppError("CONFLICT", "Add a passkey or an authenticator app first.");
  }
  const codes = await services.control.tenant(tenantId, async (tx) => {
    await recordEvent(tx, { tenantId, action: "factor.recovery_codes_created", actor });
    return await makeRecoveryCodes(tx, services, userId);
  });
  services.mailer.post(() => Promise.resolve(recoveryCreatedMail(services, email)));
  await forgetFactors(services, session);
  return codes;
}
