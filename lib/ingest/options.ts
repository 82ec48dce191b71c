import { z } from "zod";
import { AppError } from "../errors.ts";
import type { LoadOptions } from "./load/mod.ts";

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

const NAMED: Readonly<Record<string, string>> = { tab: "\t", "\\t": "\t" };

const delimiter = z.string().transform((text) => NAMED[text] ?? text)
  .refine((text) => /^[^\r\n\0"\p{Cs}]$/u.test(text), "must be one character, or tab");

const quote = z.string()
  .refine((text) => /^[^\r\n\0\p{Cs}]?$/u.test(text), "must be one character, or empty for none");

/**
 * What may be said of a file beside its bytes, as form fields, query parameters or JSON spell it. What
 * is left out is detected.
 */
export const uploadOptions = z.object({
  format: z.enum(["csv", "tsv", "json", "ndjson"]).optional(),
  delimiter: delimiter.optional(),
  quote: quote.optional(),
  encoding: z.enum(["utf-8", "utf-16le", "utf-16be", "windows-1252"]).optional(),
  header: flag.optional(),
  table: z.string().trim().min(1).max(200).refine((text) => !text.includes("\0")).optional(),
  mode: z.enum(["create", "append", "replace"]).default("create"),
  allow_duplicate: flag.default(false),
});

/** What was said of a file. */
export interface UploadOptions {
  readonly options: LoadOptions;
  readonly allowDuplicate: boolean;
}

/**
 * Reads what was said of a file. Empty fields count as left out, except `quote`, whose emptiness says
 * that the file has none; names that are not ours are passed over, since a form has others.
 *
 * @throws AppError INVALID_ARGUMENTS that names the field.
 */
export function parseUploadOptions(fields: Iterable<readonly [string, string]>): UploadOptions {
  const given: Record<string, string> = Object.create(null);
  for (const [name, value] of fields) {
    if (Object.hasOwn(uploadOptions.shape, name) && (value !== "" || name === "quote")) {
      given[name] = value;
    }
  }
  const parsed = uploadOptions.safeParse({ ...given });
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new AppError("INVALID_ARGUMENTS", `${issue.path.join(".")}: ${issue.message}.`);
  }
  const { allow_duplicate: allowDuplicate, ...options } = parsed.data;
  return { options, allowDuplicate };
}
