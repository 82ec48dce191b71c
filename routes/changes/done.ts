import type { UndoResult } from "../../lib/journal/mod.ts";
import type { MemberRequest } from "../../lib/web/mod.ts";

/**
 * Answers an undo: leads to the change that it made, or back where it made none.
 *
 * @param path Of the endpoint's changes.
 */
export function undoneRedirect(
  page: MemberRequest,
  { change, refused }: UndoResult,
  path: string,
  back: string,
): Response {
  if (change === null) return page.redirect(back, "nothing_undone");
  return page.redirect(`${path}/${change}`, refused ? "partly_undone" : "changes_undone");
}
