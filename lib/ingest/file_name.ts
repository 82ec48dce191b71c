import { cleanName } from "../text/mod.ts";

const NAME_LENGTH = 300;

/**
 * Makes a name that can be shown and stored of one that a client sent: no path, nothing that cannot be seen,
 * 300 characters at most, of which the ending is kept. Null where nothing is left.
 */
export function cleanFileName(sent: string): string | null {
  const name = cleanName(sent.split(/[/\\]/).at(-1)!);
  if (/^\.*$/.test(name)) return null;
  const letters = Array.from(name);
  if (letters.length <= NAME_LENGTH) return name;
  const ending = Array.from(/\.\w{1,10}$/.exec(name)?.[0] ?? "");
  return letters.slice(0, NAME_LENGTH - ending.length).concat(ending).join("");
}

/** Undoes percent-encoding where a text is percent-encoded UTF-8, as headers carry what is not ASCII. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The file name of a `Content-Disposition` header (RFC 6266, section 4.3); null where it has none. */
export function dispositionName(header: string): string | null {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header);
  if (extended) return decoded(extended[1]!);
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header);
  if (quoted) return quoted[1]!.replace(/\\(.)/g, "$1");
  return /;\s*filename\s*=\s*([^;\s"]+)/i.exec(header)?.[1] ?? null;
}

/**
 * The name of a file that is the whole body of a request: `?file_name=`, `X-File-Name` (may be
 * percent-encoded) or `Content-Disposition`, cleaned. Null where none of them names one.
 */
export function requestFileName(request: Request): string | null {
  const asked = new URL(request.url).searchParams.get("file_name");
  if (asked) return cleanFileName(asked);
  const header = request.headers.get("x-file-name");
  if (header) return cleanFileName(decoded(header));
  const disposition = request.headers.get("content-disposition");
  const name = disposition && dispositionName(disposition);
  return name ? cleanFileName(name) : null;
}
