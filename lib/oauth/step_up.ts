import { AppError } from "../errors.ts";
import type { Principal } from "../principal.ts";
import type { Services } from "../services.ts";
import { markStepUp } from "./authorization_store.ts";

/** Seconds in which a refresh after a refused write is taken for an attempt to get more. */
const STEP_UP_SECONDS = 30;

/**
 * Notes that an app was refused for want of a scope that its person could give, before it is told so.
 * Nothing where the error is another one, or the principal no app.
 */
export async function noteStepUp(
  services: Services,
  principal: Principal,
  error: unknown,
): Promise<void> {
  const { grantId, tokenId, tenantId } = principal;
  if (!grantId || tokenId === null) return;
  if (!(error instanceof AppError && error.code === "INSUFFICIENT_SCOPE" && error.scope)) return;
  await services.control.tenant(tenantId, (tx) => markStepUp(tx, tokenId, STEP_UP_SECONDS));
}
