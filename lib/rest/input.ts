import { z } from "zod";
import { AppError } from "../errors.ts";
import { readBody, readJson } from "../http/mod.ts";
import type { RestRoute } from "./route.ts";

/** Bytes of a JSON body: no document of `/v1` comes near. */
const MAX_JSON_BYTES = 64 * 1024;

const MAX_DETAIL = 300;

/** Says which parts are wrong and why, naming parts but never repeating values. */
function describe(error: z.ZodError): string {
  const parts = error.issues.map((issue) => {
    const place = issue.path.map(String).join(".");
    return place ? `${place}: ${issue.message}` : issue.message;
  });
  const text = parts.join("; ");
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}

/**
 * Checks a value that came from outside.
 *
 * @throws AppError INVALID_ARGUMENTS saying which part is wrong.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError("INVALID_ARGUMENTS", describe(parsed.error));
}

/** Names and values of a query or a form as an object; one that is given twice is refused. */
export function fieldsOf(fields: URLSearchParams): Record<string, string> {
  const object = Object.fromEntries(fields);
  if (Object.keys(object).length !== fields.size) {
    throw new AppError("INVALID_ARGUMENTS", "A parameter is given more than once.");
  }
  return object;
}

const NOTHING = z.strictObject({});

/** The route's query parameters. */
export function readQuery(route: RestRoute, url: URL): unknown {
  return validate(route.query ?? NOTHING, fieldsOf(url.searchParams));
}

/** The route's JSON body; undefined where the route takes none or reads a stream itself. */
export async function readInput(route: RestRoute, request: Request): Promise<unknown> {
  if (route.streamed) return undefined;
  if (route.body) return validate(route.body, await readJson(request, MAX_JSON_BYTES));
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  if ((await readBody(request, MAX_JSON_BYTES)).length) {
    throw new AppError("INVALID_REQUEST", "This takes no body.");
  }
  return undefined;
}
