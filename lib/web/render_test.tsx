import assert from "node:assert/strict";
import type { FunctionComponent } from "preact";
import type { Assets } from "./assets.ts";
import { CodeBlock } from "./components/code_block.tsx";
import { Field, Form } from "./components/form.tsx";
import { PageHead } from "./components/layout.tsx";
import { Confirm, Notice, Table } from "./components/pieces.tsx";
import { Island } from "./island.tsx";
import { renderPage } from "./render.tsx";

const assets: Assets = {
  stylesheet: "/assets/app.css",
  icon: "/assets/icon.svg",
  hydrate: "/assets/hydrate.js",
  island: (name) => `/assets/${name}.js`,
  serve: () => null,
};

const options = { assets, csrfToken: "the-token", viewer: "ada@example.com" };

const HOSTILE = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>`;

const Copy: FunctionComponent<{ text: string; label: string }> = ({ text }) => <b>{text}</b>;

/** Names and values of a page's tags: what a browser would make of them. */
const tags = (html: string) => [...html.matchAll(/<([a-z]+)/g)].map(([, name]) => name);

Deno.test("renderPage() escapes hostile text wherever a page shows it", async () => {
  const html = await renderPage(
    { title: HOSTILE },
    <>
      <PageHead title={HOSTILE} lead={HOSTILE} crumbs={[{ href: "/x", label: HOSTILE }]} />
      <Notice title={HOSTILE}>{HOSTILE}</Notice>
      <Table
        caption={HOSTILE}
        columns={[{ head: HOSTILE, cell: (row: string) => row }]}
        rows={[HOSTILE]}
      />
      <Form action="/x">
        <Field name="name" label={HOSTILE} hint={HOSTILE} error={HOSTILE} value={HOSTILE} />
      </Form>
      <Confirm summary={HOSTILE} label={HOSTILE}>{HOSTILE}</Confirm>
      <CodeBlock label={HOSTILE} code={HOSTILE} />
      <Island of={Copy} props={{ text: HOSTILE, label: HOSTILE }} />
    </>,
    { ...options, viewer: HOSTILE },
  ).text();
  assert.equal(tags(html).filter((name) => name === "script").length, 1);
  assert(!tags(html).includes("img"));
  assert(!html.includes(`"'><`));
});

Deno.test("renderPage() gives every form the CSRF token", async () => {
  const html = await renderPage({ title: "T" }, <Form action="/x">x</Form>, options).text();
  const forms = html.split("<form").slice(1);
  assert.equal(forms.length, 2);
  for (const form of forms) {
    assert.match(form, /^[^>]*><input type="hidden" name="csrf_token" value="the-token"\/?>/);
  }
});

Deno.test("renderPage() loads a script only where there is an island", async () => {
  const plain = await renderPage({ title: "T" }, <p>x</p>, options).text();
  assert(!plain.includes("<script"));
  const lively = await renderPage(
    { title: "T" },
    <Island of={Copy} props={{ text: 'a "quoted" text', label: "l" }} />,
    options,
  ).text();
  assert.match(lively, /<script type="module" src="\/assets\/hydrate.js"><\/script>/);
  assert.match(lively, /data-island="\/assets\/Copy.js"/);
  assert.match(lively, /data-props="{&quot;text&quot;:&quot;a \\&quot;quoted\\&quot; text&quot;/);
});

Deno.test("renderPage() has no inline script, style or handler", async () => {
  const html = await renderPage({ title: "T" }, <Field name="n" label="L" />, options).text();
  assert(!/ style=|<style| on[a-z]+=|javascript:/i.test(html));
});

Deno.test("renderPage() answers a page that no cache keeps", () => {
  const answer = renderPage({ title: "T" }, <p>x</p>, { ...options, status: 422 });
  assert.equal(answer.status, 422);
  assert.equal(answer.headers.get("content-type"), "text/html; charset=utf-8");
  assert.equal(answer.headers.get("cache-control"), "no-store");
});

Deno.test("Field() ties its hint and its error to the input", async () => {
  const html = await renderPage(
    { title: "T" },
    <Form action="/x">
      <Field name="email" label="E-mail" hint="Yours" error="Missing" />
    </Form>,
    options,
  ).text();
  assert.match(html, /<label for="field-email">E-mail<\/label>/);
  assert.match(html, /aria-describedby="field-email-hint field-email-error"/);
  assert.match(html, /aria-invalid="true"/);
  assert.match(html, /id="field-email-error"[^>]*>Missing/);
});
