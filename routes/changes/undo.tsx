import { AppError } from "../../lib/errors.ts";
import { type ChangeId, parseId } from "../../lib/ids.ts";
import { isEntryId, type UndoTarget } from "../../lib/journal/mod.ts";
import { undoAndRebuild } from "../../lib/tools/mod.ts";
import { memberPage, type MemberRequest, PageHead, UndoPreview } from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";
import { undoneRedirect } from "./done.ts";

function targetOf(page: MemberRequest, entry: string | null): UndoTarget {
  const change = parseId<ChangeId>(page.param("id"));
  if (!entry) return { kind: "change", change };
  if (!isEntryId(entry)) throw new AppError("NOT_FOUND");
  return { kind: "entry", entry, change };
}

/**
 * `/endpoints/{slug}/changes/{change}/undo`: what taking a change back would do, and then does;
 * `?entry=` narrows it to one row.
 */
export const undoChangePage = memberPage("/endpoints/:slug/changes/:id/undo", {
  async get(page) {
    const scope = await enterPage(page);
    const { slug, name } = scope.endpoint;
    const entry = page.url.searchParams.get("entry");
    const target = targetOf(page, entry);
    const result = await undoAndRebuild(page.services, scope, target, { preview: true });
    const path = `/endpoints/${slug}`;
    const back = `${path}/changes/${page.param("id")}`;
    return page.render(
      { title: `Undo in ${name}`, section: "endpoints" },
      <>
        <PageHead
          title={entry ? "Undo one row" : "Undo this change"}
          crumbs={[
            { href: "/endpoints", label: "Endpoints" },
            { href: path, label: name },
            { href: `${path}/changes`, label: "Changes" },
            { href: back, label: "Change" },
          ]}
        />
        <UndoPreview
          result={result}
          action={`${back}/undo`}
          fields={entry ? { entry } : {}}
          back={back}
        />
      </>,
    );
  },
  async post(page, form) {
    const scope = await enterPage(page);
    const target = targetOf(page, form.get("entry"));
    const result = await undoAndRebuild(page.services, scope, target, { preview: false });
    const path = `/endpoints/${scope.endpoint.slug}/changes`;
    return undoneRedirect(page, result, path, `${path}/${page.param("id")}`);
  },
});
