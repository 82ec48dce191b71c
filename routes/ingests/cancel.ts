import { AppError } from "../../lib/errors.ts";
import { type IngestId, parseId } from "../../lib/ids.ts";
import { cancelIngest } from "../../lib/ingest/mod.ts";
import { memberPage } from "../../lib/web/mod.ts";
import { enterPage } from "../endpoints/enter.ts";

/** `/endpoints/{slug}/ingests/{id}/cancel`: asks a load to stop; nothing of it stays. */
export const cancelIngestPage = memberPage("/endpoints/:slug/ingests/:id/cancel", {
  async post(page) {
    const scope = await enterPage(page);
    const id = parseId<IngestId>(page.param("id"));
    const path = `/endpoints/${scope.endpoint.slug}/ingests/${id}`;
    try {
      await cancelIngest(page.services, scope, id);
    } catch (error) {
      // It was over before the button was pressed: its page says how.
      if (error instanceof AppError && error.code === "CONFLICT") return page.redirect(path);
      throw error;
    }
    return page.redirect(path, "ingest_cancelled");
  },
});
