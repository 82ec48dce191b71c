import { FORM } from "./forms.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const FULL_MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

const ISO = /^(\d{4})([-/])(\d\d)\2(\d\d)$/;
const NUMBERED = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$/;
const MONTH_FIRST = /^([A-Za-z]{3,9}) (\d{1,2}),? (\d{4})$/;
const DAY_FIRST = /^(\d{1,2})([ -])([A-Za-z]{3,9})\2(\d{4})$/;
const STAMP =
  /^(\d{4})([-/])(\d\d)\2(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,6})?)?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** Whether a day is in the (proleptic Gregorian) calendar, years 1 to 9999. */
function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  if (month === 2) {
    const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return day <= (leap ? 29 : 28);
  }
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
}

function monthNumber(name: string): number {
  const lower = name.toLowerCase();
  const short = MONTHS.indexOf(lower);
  return 1 + (short >= 0 ? short : FULL_MONTHS.indexOf(lower));
}

function iso(year: number, month: number, day: number): string | null {
  if (!isDay(year, month, day)) return null;
  const pad = (value: number, width: number) => String(value).padStart(width, "0");
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** Reads a date with a month's English name (`Jun 12 1998`, `June 12, 1998`, `12-Jun-1998`). */
function namedDate(text: string): string | null {
  const first = MONTH_FIRST.exec(text);
  if (first) return iso(Number(first[3]), monthNumber(first[1]!), Number(first[2]));
  const second = DAY_FIRST.exec(text);
  return second ? iso(Number(second[4]), monthNumber(second[3]!), Number(second[1])) : null;
}

/**
 * Rewrites a date of one of the forms that Postgres would not read, or would read by its session's
 * settings, to ISO 8601; null where the text is not of that form.
 */
export function dateToIso(text: string, form: number): string | null {
  if (form === FORM.DATE_NAMED) return namedDate(text);
  const match = NUMBERED.exec(text);
  if (!match) return null;
  const [first, second, year] = [Number(match[1]), Number(match[3]), Number(match[4])];
  return form === FORM.DATE_DMY ? iso(year, second, first) : iso(year, first, second);
}

/** The date and timestamp forms that a text has. */
export function dateForms(text: string): number {
  const length = text.length;
  if (length < 8 || length > 32) return 0;
  if (length === 10) {
    const match = ISO.exec(text);
    if (match) {
      return isDay(Number(match[1]), Number(match[3]), Number(match[4])) ? FORM.DATE_ISO : 0;
    }
  }
  const numbered = NUMBERED.exec(text);
  if (numbered) {
    return (dateToIso(text, FORM.DATE_DMY) ? FORM.DATE_DMY : 0) |
      (dateToIso(text, FORM.DATE_MDY) ? FORM.DATE_MDY : 0);
  }
  const stamp = STAMP.exec(text);
  if (stamp) {
    // 24:00 and a leap second (:60) are other instants once Postgres has read them.
    const sound = isDay(Number(stamp[1]), Number(stamp[3]), Number(stamp[4])) &&
      Number(stamp[5]) < 24 && Number(stamp[6]) < 60 && Number(stamp[7] ?? 0) < 60;
    if (!sound) return 0;
    if (stamp[8] === undefined) return FORM.TIMESTAMP;
    // At the calendar's ends an offset leads into a year that is not written with four digits.
    const inner = stamp[1] !== "0001" && stamp[1] !== "9999";
    return inner && isOffset(stamp[8]) ? FORM.TIMESTAMPTZ : 0;
  }
  return namedDate(text) ? FORM.DATE_NAMED : 0;
}

function isOffset(offset: string): boolean {
  if (offset === "Z") return true;
  const minutes = offset.length > 3 ? Number(offset.slice(-2)) : 0;
  return Number(offset.slice(1, 3)) < 16 && minutes < 60;
}

/**
 * The offset at the end of a timestamp, as one text per meaning: `Z` for UTC, else `+hh:mm`. RFC 3339
 * (section 4.3) gives `-00:00` a meaning of its own (UTC, local time unknown), so it stays apart.
 */
export function offsetOf(stamp: string): string {
  const match = /(Z|[+-]\d\d(?::?\d\d)?)$/.exec(stamp)![1]!;
  if (match === "Z") return "Z";
  const offset = `${match.slice(0, 3)}:${match.length > 3 ? match.slice(-2) : "00"}`;
  return offset === "+00:00" ? "Z" : offset;
}
