import type { ChangeId } from "../../ids.ts";
import { rejectQueued } from "../../journal/mod.ts";
import type { EndpointScope } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { requireDecider } from "./decider.ts";

/**
 * Rejects a change that waits: it is never done.
 *
 * @param note Why, for who asked; null: no word.
 * @throws AppError NOT_FOUND; CONFLICT where it is decided on already; ACCESS_DENIED.
 */
export async function rejectChange(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
  note: string | null,
): Promise<void> {
  await requireDecider(services, scope);
  await rejectQueued(services, scope, id, note);
}
