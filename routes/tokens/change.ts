import { parseId, type TokenId } from "../../lib/ids.ts";
import { revokeToken, rotateToken } from "../../lib/tokens/mod.ts";
import { memberPage } from "../../lib/web/mod.ts";

/** `/tokens/{id}/rotate`: a new token in the place of the old one, which stops at once. */
export const rotateTokenPage = memberPage("/tokens/:id/rotate", {
  async post(page) {
    const id = parseId<TokenId>(page.param("id"));
    const { token, view } = await rotateToken(page.services, page.scope, id);
    await page.showOnce(JSON.stringify({ token, id: view.id }));
    return page.redirect("/tokens/minted");
  },
});

/** `/tokens/{id}/revoke`: the token stops at once. */
export const revokeTokenPage = memberPage("/tokens/:id/revoke", {
  async post(page) {
    await revokeToken(page.services, page.scope, parseId<TokenId>(page.param("id")));
    return page.redirect("/tokens", "token_revoked");
  },
});
