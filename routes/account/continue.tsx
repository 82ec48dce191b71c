import { readHeldForm } from "../../lib/auth/mod.ts";
import { ContinueForm, memberPage, nextPath, Sheet } from "../../lib/web/mod.ts";

/** `/account/confirm/continue/{id}`: carries on with what was sent before it was proved who did. */
export const continuePage = memberPage("/account/confirm/continue/:id", {
  async get(page) {
    const next = nextPath(page.url.searchParams.get("next"), "/account");
    const held = page.param("id");
    const form = await readHeldForm(page.services, page.session, held);
    if (!form) return page.redirect(next, "confirmed");
    return page.render(
      { title: "Continue", section: "account", formTargets: form.targets },
      <Sheet title="Continue" foot={<a href={next}>Cancel and go back</a>}>
        <p>What you sent is carried out as you filled it in.</p>
        <ContinueForm path={form.path} held={held} />
      </Sheet>,
    );
  },
});
