import { z } from "zod";
import { readBody, requireContentType } from "../http/mod.ts";

/** Bytes of a URL-encoded form: no form of ours comes near. */
const MAX_FORM_BYTES = 64 * 1024;

/** A form's fields, as the browser sent them. */
export type FormFields = URLSearchParams;

/**
 * Reads a URL-encoded form.
 *
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_REQUEST.
 */
export async function readForm(request: Request): Promise<FormFields> {
  requireContentType(request, "application/x-www-form-urlencoded");
  return new URLSearchParams(new TextDecoder().decode(await readBody(request, MAX_FORM_BYTES)));
}

/** What a form holds: values that fit the schema, or what is wrong, by field. */
export type Checked<T> =
  | { readonly ok: true; readonly values: T }
  | { readonly ok: false; readonly faults: Readonly<Record<string, string>> };

/**
 * Checks a form against a schema. A field whose schema is an array gets all of its values, others the
 * first. The fault of a field is the first one found.
 */
export function checkForm<Shape extends z.ZodObject>(
  form: FormFields,
  schema: Shape,
  lists: readonly (keyof z.input<Shape> & string)[] = [],
): Checked<z.output<Shape>> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(schema.shape)) {
    given[name] = (lists as readonly string[]).includes(name)
      ? form.getAll(name)
      : form.get(name) ?? undefined;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, values: parsed.data };
  const faults: Record<string, string> = {};
  for (const issue of parsed.error.issues) {
    faults[String(issue.path[0] ?? "form")] ??= issue.message;
  }
  return { ok: false, faults };
}
