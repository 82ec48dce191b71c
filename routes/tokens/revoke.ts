import { parseId, type TokenId } from "../../lib/ids.ts";
import { revokeToken } from "../../lib/tokens/mod.ts";
import { memberPage } from "../../lib/web/mod.ts";

/** `/tokens/{id}/revoke`: the token stops at once. */
export const revokeTokenPage = memberPage("/tokens/:id/revoke", {
  async post(page) {
    await revokeToken(page.services, page.scope, parseId<TokenId>(page.param("id")));
    return page.redirect("/tokens", "token_revoked");
  },
});
