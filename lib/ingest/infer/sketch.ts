import { classify } from "./classify.ts";
import { offsetOf } from "./dates.ts";
import { ANY_FORM, type ColumnType, FORM, FORMS_IN_JSON_STRING } from "./forms.ts";
import { jsonbKeeps } from "./json_text.ts";
import { numberForms } from "./numbers.ts";

/** What a value was in JSON; in CSV everything is text. */
export type JsonKind = "string" | "number" | "boolean" | "nested";

/** The type inferred for a column, and the form its values have to be rewritten from (0: none). */
export interface Inferred {
  readonly type: ColumnType;
  readonly rewriteFrom: number;
}

const BOOLEAN = FORM.BOOLEAN_LOWER | FORM.BOOLEAN_TITLE | FORM.BOOLEAN_UPPER;

/**
 * What is known of a column after some of its values: the forms that keep all of them. It grows by no
 * value, so that a file of any length is inferred in constant memory.
 */
export class ColumnSketch {
  #forms = ANY_FORM;
  #values = 0;
  #offset: string | undefined;

  /** Values that are not null. */
  get values(): number {
    return this.#values;
  }

  /** The one offset with which all timestamps of a timestamptz column were written, `Z` for UTC. */
  get offset(): string | undefined {
    return this.#forms & FORM.TIMESTAMPTZ ? this.#offset : undefined;
  }

  /** Whether no type but text is left, so that further values need not be read. */
  get isText(): boolean {
    return this.#forms === 0;
  }

  /** Takes in one value that was not read. */
  addUnread(): void {
    this.#values++;
  }

  /** Takes in one value of a CSV column; the empty text is null and is not given here. */
  addText(text: string): void {
    this.#values++;
    if (this.#forms === 0) return;
    this.#narrow(text, classify(text, this.#forms));
  }

  /** Takes in one value of a JSON column, null excepted. */
  addJson(text: string, kind: JsonKind): void {
    this.#values++;
    if (this.#forms === 0) return;
    if (kind === "string") this.#narrow(text, classify(text, this.#forms & FORMS_IN_JSON_STRING));
    else if (kind === "number") this.#narrow(text, numberForms(text, true));
    else if (kind === "boolean") this.#narrow(text, FORM.BOOLEAN_LOWER);
    else this.#narrow(text, this.#forms & FORM.JSONB && jsonbKeeps(text) ? FORM.JSONB : 0);
  }

  #narrow(text: string, forms: number): void {
    this.#forms &= forms;
    if (!(this.#forms & FORM.TIMESTAMPTZ)) return;
    // timestamptz keeps the instant and not the offset: only one that the whole column shares is kept
    // (beside the column), so a second one makes it text.
    const offset = offsetOf(text);
    this.#offset ??= offset;
    if (offset !== this.#offset) this.#forms = 0;
  }

  /** The narrowest type that keeps every value. */
  infer(): Inferred {
    const forms = this.#values === 0 ? 0 : this.#forms;
    const type = (type: ColumnType, rewriteFrom = 0): Inferred => ({ type, rewriteFrom });
    if (forms & FORM.INTEGER) return type("integer");
    if (forms & FORM.BIGINT) return type("bigint");
    if (forms & FORM.NUMERIC) return type("numeric");
    if (forms & BOOLEAN) return type("boolean");
    if (forms & FORM.UUID) return type("uuid");
    if (forms & FORM.DATE_ISO) return type("date");
    if (forms & FORM.DATE_NAMED) return type("date", FORM.DATE_NAMED);
    // 03/04 may be both: only a column in which some value can be read in one order alone is a date.
    const order = forms & (FORM.DATE_DMY | FORM.DATE_MDY);
    if (order === FORM.DATE_DMY || order === FORM.DATE_MDY) return type("date", order);
    if (forms & FORM.TIMESTAMP) return type("timestamp");
    if (forms & FORM.TIMESTAMPTZ) return type("timestamptz");
    if (forms & FORM.JSONB) return type("jsonb");
    return type("text");
  }

  /** Whether a column of this type keeps every value as well. */
  fits(type: ColumnType): boolean {
    if (type === "text" || this.#values === 0) return true;
    if (type === "integer") return (this.#forms & FORM.INTEGER) !== 0;
    if (type === "bigint") return (this.#forms & FORM.BIGINT) !== 0;
    if (type === "numeric") return (this.#forms & FORM.NUMERIC) !== 0;
    return this.infer().type === type;
  }
}
