import { z } from "zod";
import { AppError } from "../errors.ts";
import { nearest, quoted } from "./names.ts";
import { MAX_LIMIT } from "./rows.ts";

const MAX_COLUMNS = 200;
const MAX_ORDER = 8;
const MAX_JOINS = 8;

// A $ref in a schema's metadata goes into its JSON Schema as it is; list.ts adds what it refers to.
const ref = (name: string) => ({ $ref: `#/$defs/${name}` });

/** A column's name; `name.column` where tables are joined. */
export const columnName = z.string().min(1).max(200);

/** Columns to answer. */
export const columns = z.array(columnName).max(MAX_COLUMNS).optional();

/** A filter: walked by `filterSql`, which bounds its depth and words its faults. */
export const filter = z.unknown().meta(ref("filter"));

/** A name that a caller gives to a table or a result. */
export const alias = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, {
  error: "a name is letters, digits and _, at most 63",
});

/** An order: most significant term first. */
export const orderBy = z.array(
  z.strictObject({
    column: columnName,
    direction: z.enum(["asc", "desc"]).optional(),
    nulls: z.enum(["first", "last"]).optional(),
  }),
).max(MAX_ORDER).optional().meta(ref("order"));

/** Tables joined along foreign keys. */
export const joins = z.array(
  z.strictObject({
    table: z.string().max(200),
    as: alias.optional(),
    from: z.string().max(200).optional(),
    on: columnName.optional(),
    optional: z.boolean().optional(),
  }),
).max(MAX_JOINS).meta(ref("joins"));

/** Rows of a page. */
export const limit = z.int().min(1).max(MAX_LIMIT).optional();

/** Where to go on. */
export const cursor = z.string().max(20_000).optional();

function wording(issue: z.core.$ZodIssue, known: readonly string[]): string {
  const path = issue.path.map(String).join(".");
  const at = path ? `${quoted(path)}: ` : "";
  switch (issue.code) {
    case "unrecognized_keys": {
      const key = issue.keys[0]!;
      const near = issue.path.length ? [] : nearest(key, known);
      const advice = near.length
        ? `; nearest: ${near.map(quoted).join(", ")}`
        : issue.path.length
        ? ""
        : `; arguments: ${known.map(quoted).join(", ")}`;
      return `${at}no argument ${quoted(key)}${advice}`;
    }
    case "invalid_value":
      return `${at}use one of ${issue.values.map((value) => quoted(String(value))).join(", ")}`;
    case "too_big":
      return `${at}at most ${issue.maximum}`;
    case "too_small":
      return `${at}at least ${issue.minimum}`;
    case "invalid_type":
      return issue.input === undefined ? `${at}is missing` : `${at}must be ${issue.expected}`;
    case "invalid_union":
      return `${at}has the wrong form; see the tool's input schema`;
    default:
      return `${at}${issue.message}`;
  }
}

/**
 * Parses a tool's arguments.
 *
 * @throws AppError INVALID_ARGUMENTS that names the argument and what it needs.
 */
export function parseArgs<T>(schema: z.ZodType<T>, known: readonly string[], args: unknown): T {
  const parsed = schema.safeParse(args, { reportInput: true });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 3).map((issue) => wording(issue, known));
  throw new AppError("INVALID_ARGUMENTS", faults.join("; "));
}
