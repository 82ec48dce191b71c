import { hasUnseen, type VisibleOptions, visibleParts, visibleText } from "../../text/mod.ts";

/** A mark as it stands in a page. */
function MarkView({ mark, name }: { mark: string; name: string }) {
  return <span class="mark" title={name}>{mark}</span>;
}

interface VisibleProps extends VisibleOptions {
  text: string;
}

/**
 * A text that somebody else wrote, where a person decides by it: what cannot be seen in it stands as
 * marks, and its direction does not reach what stands around it.
 */
export function Visible({ text, ...options }: VisibleProps) {
  return (
    <bdi>
      {visibleParts(text, options).map((part, index) =>
        "text" in part ? part.text : <MarkView key={index} mark={part.mark} name={part.name} />
      )}
    </bdi>
  );
}

// A tag with its attributes, quoted or not; a text between tags.
const TOKEN = /<(?:"[^"]*"|'[^']*'|[^'">])*>|[^<]+/g;

// What is text to the browser alone: a mark would be part of a value, or no element at all.
const RAW = /^<(\/?)(textarea|option|title|script|style)\b/i;

// Attributes that are read out or shown, and never sent back.
const SPOKEN = /( (?:aria-label|title|alt|placeholder)=")([^"]*)"/g;

const LINES = { lines: true } as const;

const attribute = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

const marked = (text: string) =>
  visibleParts(text, LINES).map((part) =>
    "text" in part
      ? part.text
      : `<span class="mark" title="${attribute(part.name)}">${part.mark}</span>`
  ).join("");

const spoken = (tag: string) =>
  tag.replaceAll(SPOKEN, (_, name, text) => `${name}${visibleText(text, LINES)}"`);

/**
 * Marks what cannot be seen in rendered HTML: whatever a component forgets is caught here. Values and
 * contents of fields stay as they are, since forms send them back.
 */
export function markUnseen(html: string): string {
  if (!hasUnseen(html.replaceAll(/[\n\t]/g, ""))) return html;
  let raw = false;
  return html.replaceAll(TOKEN, (token) => {
    // One element around all of it: in a row of boxes, text and marks would each be a box.
    if (!token.startsWith("<")) {
      const seen = raw ? token : marked(token);
      return seen === token ? token : `<bdi>${seen}</bdi>`;
    }
    const [, ends] = RAW.exec(token) ?? [];
    if (ends !== undefined) raw = ends === "";
    return hasUnseen(token) ? spoken(token) : token;
  });
}
