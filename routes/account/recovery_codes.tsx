import { renewRecoveryCodes } from "../../lib/auth/mod.ts";
import {
  ButtonLink,
  CodeBlock,
  memberPage,
  type MemberRequest,
  Notice,
  type NoticeCode,
  Sheet,
} from "../../lib/web/mod.ts";

const SECURITY = "/account/security";
const PATH = `${SECURITY}/recovery-codes`;

/** Shows recovery codes that were just made, once; where there are none, the page about security. */
export async function goToFactors(
  page: MemberRequest,
  codes: readonly string[] | null,
  notice: NoticeCode,
): Promise<Response> {
  if (!codes) return page.redirect(SECURITY, notice);
  await page.showOnce(JSON.stringify(codes));
  return page.redirect(PATH, notice);
}

/** `/account/security/recovery-codes`: the codes, once; a POST makes new ones. */
export const recoveryCodesPage = memberPage(PATH, {
  async get(page) {
    const kept = await page.takeOnce();
    if (kept === null) return page.redirect(SECURITY);
    const codes: string[] = JSON.parse(kept);
    return page.render(
      { title: "Recovery codes", section: "account" },
      <Sheet title="Recovery codes">
        <Notice tone="warn" title="Keep these codes now">
          They are not shown again. Print them, or put them into your password manager.
        </Notice>
        <p class="soft">
          Each code works once in the place of your passkey or authenticator app, should you lose
          it.
        </p>
        <CodeBlock label="Recovery codes" code={codes.join("\n")} />
        <div class="row">
          <ButtonLink href={SECURITY} tone="primary">I have kept them</ButtonLink>
        </div>
      </Sheet>,
    );
  },
  async post(page) {
    const codes = await renewRecoveryCodes(page.services, page.session, page.actor);
    await page.showOnce(JSON.stringify(codes));
    return page.redirect(PATH);
  },
});
