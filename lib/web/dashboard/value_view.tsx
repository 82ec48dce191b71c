import { formatCount } from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";
import { hideNothing, type Sides } from "./value_text.ts";

// Characters that stand open; what is longer opens as a whole.
const OPEN_CHARS = 300;
const AROUND = 60;

/** The beginning of a long value, or what stands around the place where it differs from the other. */
function excerptOf(text: string, differ: number): string {
  const from = differ > OPEN_CHARS - AROUND ? differ - AROUND : 0;
  const excerpt = text.slice(from, from + OPEN_CHARS).replace(
    /^[\udc00-\udfff]|[\ud800-\udbff]$/g,
    "",
  );
  return `${from > 0 ? "… " : ""}${excerpt}${from + OPEN_CHARS < text.length ? " …" : ""}`;
}

/** A value of a row as people read it, whole: a long one opens. */
export function Value({ value, sides }: { value: unknown; sides: Sides }) {
  if (value === undefined) return null;
  if (value === null) return <em class="soft">no value</em>;
  if (value === "") return <em class="soft">empty text</em>;
  const text = sides.quoted && typeof value === "string"
    ? JSON.stringify(value)
    : hideNothing(value);
  const whole = <Visible text={text} lines="marked" strict={sides.strict} />;
  if (text.length <= OPEN_CHARS) return whole;
  return (
    <>
      <Visible text={excerptOf(text, sides.differ)} lines="marked" strict={sides.strict} />
      <details class="whole">
        <summary>All {formatCount(text.length)} characters</summary>
        {whole}
      </details>
    </>
  );
}
