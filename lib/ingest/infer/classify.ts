import { dateForms } from "./dates.ts";
import { FORM } from "./forms.ts";
import { jsonbKeeps } from "./json_text.ts";
import { numberForms } from "./numbers.ts";

const NUMBERS = FORM.INTEGER | FORM.BIGINT | FORM.NUMERIC;
const DATES = FORM.DATE_ISO | FORM.DATE_DMY | FORM.DATE_MDY | FORM.DATE_NAMED | FORM.TIMESTAMP |
  FORM.TIMESTAMPTZ;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ["true", FORM.BOOLEAN_LOWER],
  ["false", FORM.BOOLEAN_LOWER],
  ["True", FORM.BOOLEAN_TITLE],
  ["False", FORM.BOOLEAN_TITLE],
  ["TRUE", FORM.BOOLEAN_UPPER],
  ["FALSE", FORM.BOOLEAN_UPPER],
]);

/**
 * The forms of `possible` that keep everything a text says: what Postgres gives back for it under the
 * form's type means the same. White space around a value, a sign or zeros in front, `yes` for true and
 * the like are part of what the text says, so none of the forms keeps them.
 */
export function classify(text: string, possible: number): number {
  const first = text.charCodeAt(0);
  let forms = 0;
  if ((first >= 48 && first <= 57) || first === 45 || first === 46) {
    if (possible & NUMBERS) forms = numberForms(text);
    if (forms === 0 && possible & DATES && first >= 48) forms = dateForms(text);
  } else if (first === 123 || first === 91) {
    return possible & FORM.JSONB && jsonbKeeps(text) ? FORM.JSONB : 0;
  } else if (text.length <= 5) {
    forms = BOOLEANS.get(text) ?? 0;
  } else if (possible & FORM.DATE_NAMED && text.length <= 18) {
    forms = dateForms(text);
  }
  if (text.length === 36 && possible & FORM.UUID && UUID.test(text)) forms |= FORM.UUID;
  return forms & possible;
}
