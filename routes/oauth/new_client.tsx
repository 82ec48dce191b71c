import { z } from "zod";
import { issuer, redirectsFault, registerManualClient } from "../../lib/oauth/mod.ts";
import type { RedirectSchemes } from "../../lib/redirect_schemes.ts";
import {
  checkForm,
  Choices,
  CodeBlock,
  Compartment,
  Field,
  type FormFields,
  FormPage,
  Hold,
  memberPage,
  type MemberRequest,
  Notice,
  PageHead,
} from "../../lib/web/mod.ts";

const CRUMBS = [{ href: "/apps", label: "Apps" }];

const addresses = (text: string) => text.split(/\s+/).filter((line) => line !== "");

const schema = (schemes: RedirectSchemes) =>
  z.object({
    name: z.string("Give the app a name.").trim().min(1, "Give the app a name.")
      .max(80, "Use 80 characters at most."),
    redirects: z.string("Name at least one address.").max(20_000, "That is too much.")
      .transform(addresses).superRefine((uris, ctx) => {
        const fault = redirectsFault(uris, schemes);
        if (fault) ctx.addIssue({ code: "custom", message: fault });
      }),
    kind: z.enum(["public", "confidential"], "Choose what kind of app it is."),
  });

type Faults = Readonly<Record<string, string>>;

function show(page: MemberRequest, typed: FormFields, faults: Faults = {}): Response {
  return page.render(
    { title: "Register an app", section: "apps" },
    <FormPage
      title="Register an app"
      crumbs={CRUMBS}
      action="/apps/clients/new"
      faults={faults}
      failed="Nothing was registered"
      submit="Register app"
      cancel="/apps"
    >
      <Compartment id="app" title="App" about="As people see it when it asks them.">
        <Field
          name="name"
          label="Name"
          required
          maxLength={80}
          value={typed.get("name") ?? ""}
          error={faults["name"]}
        />
        <Field
          name="redirects"
          label="Redirect URIs"
          hint="Where it gets its answer, as its makers say; several are set apart by spaces."
          required
          spellcheck={false}
          value={typed.get("redirects") ?? ""}
          error={faults["redirects"]}
        />
      </Compartment>
      <Compartment id="kind" title="Kind" about="How it proves who it is.">
        <Choices
          name="kind"
          legend="Can it keep a secret?"
          type="radio"
          chosen={typed.getAll("kind")}
          error={faults["kind"]}
          options={[
            {
              value: "confidential",
              label: "Yes: it runs on a server",
              hint: "It gets a secret, which is shown once.",
            },
            {
              value: "public",
              label: "No: it runs on people's machines or in a browser",
              hint: "It gets no secret; each connection is protected by PKCE.",
            },
          ]}
        />
      </Compartment>
    </FormPage>,
    Object.keys(faults).length ? 422 : 200,
  );
}

/** `/apps/clients/new`: registers an app by hand. */
export const newClientPage = memberPage("/apps/clients/new", {
  get: (page) => show(page, new URLSearchParams()),
  async post(page, form) {
    const checked = checkForm(form, schema(page.services.redirectSchemes));
    if (!checked.ok) return show(page, form, checked.faults);
    const { name, redirects, kind } = checked.values;
    const made = await registerManualClient(page.services, page.scope, {
      name,
      redirectUris: redirects,
      confidential: kind === "confidential",
    });
    await page.showOnce(JSON.stringify(made));
    return page.redirect("/apps/clients/registered");
  },
});

const kept = z.object({ clientId: z.string(), secret: z.string().nullable() });

/** `/apps/clients/registered`: where registering leads; shows the secret once and then never again. */
export const registeredClientPage = memberPage("/apps/clients/registered", {
  async get(page) {
    const text = await page.takeOnce();
    if (text === null) return page.redirect("/apps");
    const { clientId, secret } = kept.parse(JSON.parse(text));
    return page.render(
      { title: "App registered", section: "apps" },
      <>
        <PageHead title="App registered" crumbs={CRUMBS} />
        {secret !== null && (
          <Notice tone="warn" title="Copy the secret now">
            This is the only time that it is shown. We keep a hash, from which it cannot be made
            again.
          </Notice>
        )}
        <Hold>
          <Compartment id="credentials" title="Credentials" about="What the app has to be told.">
            <CodeBlock label="Issuer" code={issuer(page.services.baseUrl)} />
            <CodeBlock label="Client ID" code={clientId} />
            {secret !== null && <CodeBlock label="Client secret" code={secret} />}
          </Compartment>
        </Hold>
      </>,
    );
  },
});
