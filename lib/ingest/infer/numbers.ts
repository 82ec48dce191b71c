import { FORM } from "./forms.ts";

const DIGITS_AT_MOST = 1000;
const INT4 = ["2147483647", "2147483648"] as const;
const INT8 = ["9223372036854775807", "9223372036854775808"] as const;

// A decimal with an exponent. In text an unsigned exponent after a whole number (`12E5`) may as well
// be a code, which 1200000 would not keep.
const EXPONENT =
  /^-?(?:0|[1-9]\d{0,99})(?:(?:\.\d{1,200})?[eE][+-]\d{1,3}|\.\d{1,200}[eE]\d{1,3})$/;
const JSON_EXPONENT = /^-?(?:0|[1-9]\d{0,99})(?:\.\d{1,200})?[eE][+-]?\d{1,3}$/;

/**
 * The number forms that keep a text. A sign or zeros in front that a number would drop (`+1`, `-0`,
 * `007`) keep it text; `.5` may come back as `0.5`, and numeric keeps the zeros at the end of `1.10`.
 */
export function numberForms(text: string, isJsonNumber = false): number {
  const length = text.length;
  let at = 0;
  const negative = text.charCodeAt(0) === 45;
  if (negative) at = 1;
  const start = at;
  let code = 0;
  let zero = true;
  while (at < length) {
    code = text.charCodeAt(at);
    if (code < 48 || code > 57) break;
    if (code !== 48) zero = false;
    at++;
  }
  const digits = at - start;
  if (digits > DIGITS_AT_MOST || (digits > 1 && text.charCodeAt(start) === 48)) return 0;
  if (at === length) {
    if (digits === 0 || (negative && zero)) return 0;
    return wholeForms(text, start, digits, negative);
  }
  if (code !== 46) return exponentForms(text, isJsonNumber);
  const point = at++;
  while (at < length) {
    code = text.charCodeAt(at);
    if (code < 48 || code > 57) return exponentForms(text, isJsonNumber);
    if (code !== 48) zero = false;
    at++;
  }
  const decimals = length - point - 1;
  if (decimals === 0 || decimals > DIGITS_AT_MOST || (negative && zero)) return 0;
  return FORM.NUMERIC;
}

function wholeForms(text: string, start: number, digits: number, negative: boolean): number {
  if (digits < 10) return FORM.INTEGER | FORM.BIGINT | FORM.NUMERIC;
  const limit = negative ? 1 : 0;
  // Texts of equal length compare as the numbers do.
  if (digits === 10 && text.slice(start) <= INT4[limit]) {
    return FORM.INTEGER | FORM.BIGINT | FORM.NUMERIC;
  }
  if (digits < 19 || (digits === 19 && text.slice(start) <= INT8[limit])) {
    return FORM.BIGINT | FORM.NUMERIC;
  }
  return FORM.NUMERIC;
}

function exponentForms(text: string, isJsonNumber: boolean): number {
  if (!(isJsonNumber ? JSON_EXPONENT : EXPONENT).test(text)) return 0;
  const negativeZero = text.startsWith("-") && !/[1-9]/.test(text.slice(0, text.search(/[eE]/)));
  return negativeZero ? 0 : FORM.NUMERIC;
}
