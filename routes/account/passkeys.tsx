import { z } from "zod";
import { addPasskey, beginPasskey, relyingParty, removePasskey } from "../../lib/auth/mod.ts";
import { parseId, type UserId } from "../../lib/ids.ts";
import { displayName } from "../../lib/text/mod.ts";
import {
  checkForm,
  Field,
  memberPage,
  type MemberRequest,
  Notice,
  PasskeyForm,
  Sheet,
} from "../../lib/web/mod.ts";
import { goToFactors } from "./recovery_codes.tsx";
import { type Refusal, refusalOf, withRetry } from "./refusal.ts";
import { optionsAnswer, passkeyAnswer, takesPasskeys } from "./second_factor.ts";

const PATH = "/account/security/passkeys";

function NotHere({ page }: { page: MemberRequest }) {
  const there = new URL(`${PATH}/new`, relyingParty(page.services).origin);
  return (
    <Notice tone="info" title="Passkeys need a host name">
      Browsers make no passkeys for an address of numbers. Open{" "}
      <a href={there.href}>{there.host}</a> and sign in there.
    </Notice>
  );
}

function show(page: MemberRequest, name: string, fault?: string, refusal?: Refusal): Response {
  const answer = page.render(
    { title: "Add a passkey", section: "account" },
    <Sheet
      title="Add a passkey"
      faults={fault ? { name: fault } : {}}
      foot={<a href="/account/security">Back to security</a>}
    >
      {refusal && <Notice tone="danger" title="No passkey was added">{refusal.text}</Notice>}
      <p class="soft">
        Your device asks for your fingerprint, your face or its PIN. What it keeps never leaves it,
        or your password manager; we get a public key.
      </p>
      {takesPasskeys(page)
        ? (
          <PasskeyForm
            use="create"
            action={PATH}
            options={`${PATH}/options`}
            label="Create passkey"
            primary
          >
            <Field
              name="name"
              label="Name"
              hint="To tell it from your others."
              required
              maxLength={200}
              value={name}
              error={fault}
            />
          </PasskeyForm>
        )
        : <NotHere page={page} />}
    </Sheet>,
    refusal?.status ?? (fault ? 422 : 200),
  );
  return withRetry(answer, refusal);
}

/** `/account/security/passkeys/new`: where one is made. */
export const newPasskeyPage = memberPage(`${PATH}/new`, {
  get: (page) => show(page, page.actor.device ?? ""),
});

/** `/account/security/passkeys/options`: asks the browser to make one. */
export const passkeyOptionsPage = memberPage(`${PATH}/options`, {
  async post(page) {
    return optionsAnswer(page, await beginPasskey(page.services, page.session));
  },
});

/** `/account/security/passkeys`: keeps the one that was made. */
export const addPasskeyPage = memberPage(PATH, {
  async post(page, form) {
    const typed = form.get("name") ?? "";
    const checked = checkForm(form, z.object({ name: displayName }));
    if (!checked.ok) return show(page, typed, checked.faults["name"]);
    const answer = { ...passkeyAnswer(page, form), name: checked.values.name };
    page.setPasskeyChallenge(null);
    try {
      const codes = await addPasskey(page.services, page.session, answer, page.actor);
      return await goToFactors(page, codes, "passkey_added");
    } catch (error) {
      return show(page, typed, undefined, refusalOf(error, ["PASSKEY_REFUSED"]));
    }
  },
});

/** `/account/security/passkeys/{id}/remove`: takes one away. */
export const removePasskeyPage = memberPage(`${PATH}/:id/remove`, {
  async post(page) {
    const id = parseId<UserId>(page.param("id"));
    await removePasskey(page.services, page.session, id, page.actor);
    return page.redirect("/account/security", "passkey_removed");
  },
});
