/**
 * The forms a value's text may have, as bits. A form is a column type together with a way to write it
 * (a boolean's casing, a date's order), so that the forms every value of a column shares say both which
 * type keeps the column and how to read it.
 */
export const FORM = {
  INTEGER: 1 << 0,
  BIGINT: 1 << 1,
  NUMERIC: 1 << 2,
  BOOLEAN_LOWER: 1 << 3,
  BOOLEAN_TITLE: 1 << 4,
  BOOLEAN_UPPER: 1 << 5,
  UUID: 1 << 6,
  DATE_ISO: 1 << 7,
  DATE_DMY: 1 << 8,
  DATE_MDY: 1 << 9,
  DATE_NAMED: 1 << 10,
  TIMESTAMP: 1 << 11,
  TIMESTAMPTZ: 1 << 12,
  JSONB: 1 << 13,
} as const;

/** Every form at once: what a column may still be before its first value. */
export const ANY_FORM = (1 << 14) - 1;

/** The forms in which a JSON string may say more than text: JSON has no type for them. */
export const FORMS_IN_JSON_STRING = FORM.UUID | FORM.DATE_ISO | FORM.DATE_DMY | FORM.DATE_MDY |
  FORM.DATE_NAMED | FORM.TIMESTAMP | FORM.TIMESTAMPTZ;

/** The column types that inference chooses from, as Postgres writes them. */
export type ColumnType =
  | "boolean"
  | "integer"
  | "bigint"
  | "numeric"
  | "date"
  | "timestamp"
  | "timestamptz"
  | "uuid"
  | "jsonb"
  | "text";
