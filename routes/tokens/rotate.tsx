import { authorize } from "../../lib/auth/mod.ts";
import { parseId, type TokenId } from "../../lib/ids.ts";
import { changesThings } from "../../lib/principal.ts";
import { readToken, rotateToken, type TokenView } from "../../lib/tokens/mod.ts";
import { memberPage, type MemberRequest, OVERLAPS, RotateForm } from "../../lib/web/mod.ts";

const readNamed = (page: MemberRequest) =>
  readToken(page.services, page.scope, parseId<TokenId>(page.param("id")));

function show(page: MemberRequest, token: TokenView, typed: string | null, fault?: string) {
  return page.render(
    { title: `Rotate ${token.name}`, section: "tokens" },
    <RotateForm token={token} typed={typed} faults={fault ? { overlap: fault } : {}} />,
    fault ? 422 : 200,
  );
}

/** `/tokens/{id}/rotate`: a new token in the place of the old one, which may go on for a while. */
export const rotateTokenPage = memberPage("/tokens/:id/rotate", {
  async get(page) {
    return show(page, await readNamed(page), null);
  },
  async post(page, form) {
    const old = await readNamed(page);
    const typed = form.get("overlap");
    const overlap = OVERLAPS.find(({ seconds }) => String(seconds) === typed);
    if (!overlap) return show(page, old, typed, "Choose for how long the old one goes on.");
    // It hands out a secret as minting does.
    const now = page.services.clock.now();
    if (old.endpoints === "all") authorize(page.session, "tokens:mint_all", now);
    if (old.abilities.some(changesThings)) authorize(page.session, "tokens:mint_writing", now);
    const { token, view } = await rotateToken(page.services, page.scope, old.id, overlap.seconds);
    await page.showOnce(JSON.stringify({ token, id: view.id }));
    return page.redirect("/tokens/minted");
  },
});
