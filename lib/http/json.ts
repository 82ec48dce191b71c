import { AppError } from "../errors.ts";
import { readBody } from "./body.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** What validates a document walks it by recursion: past this depth none is asked to. */
const MAX_DEPTH = 64;

const QUOTE = 0x22, BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b, CLOSE_BRACKET = 0x5d, OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d;

function tooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
  }
  return false;
}

/**
 * Parses UTF-8 JSON.
 *
 * @throws MALFORMED_JSON; INVALID_REQUEST where it nests deeper than 64 levels.
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (tooDeep(bytes)) {
    throw new AppError("INVALID_REQUEST", `JSON may nest ${MAX_DEPTH} levels deep at most.`);
  }
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new AppError("MALFORMED_JSON", undefined, { cause });
  }
}

/**
 * Throws UNSUPPORTED_MEDIA_TYPE unless the request's content type is one of `types` (lower case,
 * without parameters) or, for JSON, says a charset other than UTF-8.
 */
export function requireContentType(request: Request, ...types: string[]): void {
  const header = request.headers.get("content-type");
  if (header !== null && types.includes(header)) return;
  const [type, ...parameters] = (header ?? "").split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  const isUtf8 = !charset || /^charset="?utf-?8"?$/.test(charset);
  if (types.includes(type!) && isUtf8) return;
  throw new AppError("UNSUPPORTED_MEDIA_TYPE", `Send ${types.join(" or ")} in UTF-8.`);
}

/**
 * Reads and parses a JSON body.
 *
 * @param limit Bytes.
 * @throws UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, MALFORMED_JSON, INVALID_REQUEST.
 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  requireContentType(request, "application/json");
  return parseJson(await readBody(request, limit));
}
