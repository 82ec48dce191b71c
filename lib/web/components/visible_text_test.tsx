import assert from "node:assert/strict";
import { renderToString } from "preact-render-to-string";
import { markUnseen, Visible } from "./visible_text.tsx";

const HOSTILE = '<b>\u202e"\u{e0022}';

Deno.test("Visible isolates a text and marks what cannot be seen in it", () => {
  assert.equal(
    renderToString(<Visible text={HOSTILE} />),
    '<bdi>&lt;b><span class="mark" title="U+202E right-to-left override">U+202E</span>&quot;' +
      '<span class="mark" title="U+E0022 tag “&quot;”">U+E0022</span></bdi>',
  );
});

Deno.test("markUnseen() marks texts and what is read out, and leaves what forms send back", () => {
  const html = '<p aria-label="a>\u202eb" data-x="\u202e">c\u202ed</p>' +
    '<textarea>\u202e</textarea><input value="\u202e"/><option value="\u202e">\u202e</option>\n\t<i>\u{e0022}</i>';
  assert.equal(
    markUnseen(html),
    '<p aria-label="a>[U+202E]b" data-x="\u202e"><bdi>c' +
      '<span class="mark" title="U+202E right-to-left override">U+202E</span>d</bdi></p>' +
      '<textarea>\u202e</textarea><input value="\u202e"/><option value="\u202e">\u202e</option>\n\t' +
      '<i><bdi><span class="mark" title="U+E0022 tag “&quot;”">U+E0022</span></bdi></i>',
  );
  const plain = "<p>שלום &amp; 👩‍🚀\n</p>";
  assert.equal(markUnseen(plain), plain);
});
