import { listPasskeys, type PasskeyView } from "../../lib/auth/mod.ts";
import { memberPage, PasskeyTable, SecurityView } from "../../lib/web/mod.ts";

/** `/account/security`: two-factor authentication, passkeys, recovery codes. */
export const securityPage = memberPage("/account/security", {
  async get(page) {
    const passkeys: PasskeyView[] = await listPasskeys(page.services, page.session);
    return page.render(
      { title: "Security", section: "account" },
      <SecurityView session={page.session} passkeys={<PasskeyTable passkeys={passkeys} />} />,
    );
  },
});
