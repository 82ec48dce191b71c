import {
  beginAuthenticator,
  confirmAuthenticator,
  readNewAuthenticator,
  removeAuthenticator,
} from "../../lib/auth/mod.ts";
import {
  Button,
  checkForm,
  CodeBlock,
  Form,
  memberPage,
  type MemberRequest,
  Notice,
  QrCode,
  Sheet,
} from "../../lib/web/mod.ts";
import { CodeField, codeSchema } from "./code_field.tsx";
import { goToFactors } from "./recovery_codes.tsx";
import { type Refusal, refusalOf } from "./refusal.ts";

const SECURITY = "/account/security";
const PATH = `${SECURITY}/authenticator`;

async function show(page: MemberRequest, fault?: string, refusal?: Refusal): Promise<Response> {
  const fresh = await readNewAuthenticator(page.services, page.session);
  if (!fresh) return page.redirect(SECURITY);
  return page.render(
    { title: "Set up an authenticator app", section: "account" },
    <Sheet
      title="Set up an authenticator app"
      faults={fault ? { code: fault } : {}}
      foot={<a href={SECURITY}>Back to security</a>}
    >
      {refusal && (
        <Notice tone="danger" title="Not set up">
          This code is wrong. Check that your phone's clock is right, and enter the next code.
        </Notice>
      )}
      <p>1. Scan this code with your authenticator app.</p>
      <QrCode text={fresh.address} label="QR code for your authenticator app" />
      <p>Or enter this key in the app:</p>
      <CodeBlock
        label="Key"
        code={fresh.secret.replace(/(.{4})(?=.)/g, "$1 ").replace(/(.{19}) /, "$1\n")}
      />
      <p>2. Enter the code that the app shows.</p>
      <Form action={`${PATH}/confirm`}>
        <CodeField error={fault} />
        <Button tone="primary">Turn on</Button>
      </Form>
    </Sheet>,
    refusal?.status ?? (fault ? 422 : 200),
  );
}

/** `/account/security/authenticator`: starts setting one up, and shows how to. */
export const authenticatorPage = memberPage(PATH, {
  get: (page) => show(page),
  async post(page) {
    await beginAuthenticator(page.services, page.session);
    return page.redirect(PATH);
  },
});

/** `/account/security/authenticator/confirm`: ends it by the app's first code. */
export const confirmAuthenticatorPage = memberPage(`${PATH}/confirm`, {
  async post(page, form) {
    const checked = checkForm(form, codeSchema);
    if (!checked.ok) return await show(page, checked.faults["code"]);
    const { services, session, actor } = page;
    try {
      const codes = await confirmAuthenticator(services, session, checked.values.code, actor);
      return await goToFactors(page, codes, "authenticator_added");
    } catch (error) {
      return await show(page, undefined, refusalOf(error, ["CODE_WRONG"]));
    }
  },
});

/** `/account/security/authenticator/remove`: takes it away. */
export const removeAuthenticatorPage = memberPage(`${PATH}/remove`, {
  async post(page) {
    await removeAuthenticator(page.services, page.session, page.actor);
    return page.redirect(SECURITY, "authenticator_removed");
  },
});
