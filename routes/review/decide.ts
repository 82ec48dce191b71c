import { AppError } from "../../lib/errors.ts";
import { type ChangeId, parseId } from "../../lib/ids.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  type Approval,
  approveChange,
  refreshPreview,
  rejectChange,
  UnseenRows,
} from "../../lib/tools/mod.ts";
import type { FormFields, MemberRequest, NoticeCode } from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";

/** Changes that one form decides on at most: those of a page. */
const AT_ONCE = 20;

/** A change that was ticked, what was shown of it, and how many of its rows were not. */
interface Chosen extends Approval {
  readonly id: ChangeId;
}

function chosenOf(form: FormFields): Chosen[] {
  return form.getAll("change").slice(0, AT_ONCE).map((text) => {
    const [id = "", version = ""] = text.split(":");
    const unseen = Number(form.get(`unseen-${id}`) ?? 0);
    return { id: parseId<ChangeId>(id), version, unseen };
  });
}

const NOTE = 500;

type Decision = (chosen: Chosen) => Promise<void>;

function decisionOf({ services }: MemberRequest, scope: EndpointScope, form: FormFields) {
  const decisions: Readonly<Record<string, { decide: Decision; notice: NoticeCode }>> = {
    approve: {
      decide: ({ id, ...approval }) => approveChange(services, scope, id, approval),
      notice: "changes_approved",
    },
    reject: {
      decide: ({ id }) =>
        rejectChange(services, scope, id, form.get(`note-${id}`)?.trim().slice(0, NOTE) || null),
      notice: "changes_rejected",
    },
    refresh: {
      decide: ({ id }) => refreshPreview(services, scope, id),
      notice: "preview_refreshed",
    },
  };
  const decision = new Map(Object.entries(decisions)).get(form.get("decision") ?? "");
  if (!decision) throw new AppError("INVALID_ARGUMENTS", "Choose what to decide.");
  return decision;
}

/** Faults of one change that leave the others to be decided on. */
const OF_ONE = new Set(["CONFLICT", "NOT_FOUND"]);

/** Decides on what was ticked: each change by itself, so that one's fault leaves the others. */
export async function decide(page: MemberRequest, form: FormFields): Promise<Response> {
  const scope = await enterPage(page);
  const here = `/endpoints/${scope.endpoint.slug}/review`;
  const chosen = chosenOf(form);
  if (!chosen.length) return page.redirect(here, "nothing_chosen");
  const { decide, notice } = decisionOf(page, scope, form);
  let failed: NoticeCode | null = null;
  for (const one of chosen) {
    try {
      await decide(one);
    } catch (error) {
      if (!(error instanceof AppError) || !OF_ONE.has(error.code)) throw error;
      // A change that is not there is told like the page of one.
      if (error.code === "NOT_FOUND" && chosen.length === 1) throw error;
      const unseen = error instanceof UnseenRows;
      if (unseen && chosen.length === 1) return page.redirect(`${here}/${one.id}`, "rows_unseen");
      failed = unseen ? "rows_unseen" : failed ?? "partly_decided";
    }
  }
  return page.redirect(here, failed ?? notice);
}
