import { AppError } from "../errors.ts";
import { boundaryOf, FILE_PACE, paced, readUpload } from "../http/mod.ts";
import { cleanFileName, requestFileName } from "./file_name.ts";
import { parseUploadOptions, type UploadOptions } from "./options.ts";

/** A file that a request carries. Its body must be read to the end or cancelled. */
export interface FileUpload extends UploadOptions {
  readonly fileName: string;
  /** Fails with an AppError where the request breaks off. */
  readonly body: ReadableStream<Uint8Array>;
}

/** Media types of a raw body; what is in it is found by looking. */
const RAW_TYPES: ReadonlySet<string> = new Set([
  "application/octet-stream",
  "text/plain",
  "text/csv",
  "application/csv",
  "text/tab-separated-values",
  "application/json",
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
]);

const WANTED =
  "Send the file as multipart/form-data, or as the body with text/csv, text/tab-separated-values, " +
  "application/json, application/x-ndjson or application/octet-stream.";
const ENCODED = "Send the file without Content-Encoding.";
const UNNAMED = "Name the file with ?file_name=, X-File-Name or Content-Disposition.";
const NO_FILE = "The form holds no file.";
const EMPTY = "The request has no body.";

// What a form may have around its file.
const FORM_OVERHEAD = 256 * 1024;

/**
 * Reads what a request uploads: the raw body with a file name, or the first file of a multipart form.
 * Options are query parameters and, in a form, the text fields before the file, which win.
 *
 * @param limit Bytes of the file, of which a request that declares more is refused unread; the reader
 * of the body holds the others to it.
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_REQUEST, INVALID_ARGUMENTS; the body
 * fails with REQUEST_TIMEOUT where it comes too slowly.
 */
export async function uploadFromRequest(request: Request, limit: number): Promise<FileUpload> {
  const contentType = request.headers.get("content-type") ?? "application/octet-stream";
  const type = contentType.split(";")[0]!.trim().toLowerCase();
  const form = type === "multipart/form-data" && boundaryOf(contentType) !== null;
  if (!form && !RAW_TYPES.has(type)) throw new AppError("UNSUPPORTED_MEDIA_TYPE", WANTED);
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", ENCODED);
  }
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > limit + (form ? FORM_OVERHEAD : 0)) {
    throw new AppError("PAYLOAD_TOO_LARGE", `A file may have ${limit} bytes at most.`);
  }
  if (!request.body) throw new AppError("INVALID_REQUEST", EMPTY);
  const query = [...new URL(request.url).searchParams];
  if (form) return await fromForm(request, query);
  const fileName = requestFileName(request);
  if (!fileName) throw new AppError("INVALID_REQUEST", UNNAMED);
  return { ...parseUploadOptions(query), fileName, body: paced(request.body, FILE_PACE) };
}

async function fromForm(request: Request, query: [string, string][]): Promise<FileUpload> {
  const { fields, file, cancel } = await readUpload(request);
  if (!file) throw new AppError("INVALID_REQUEST", NO_FILE);
  try {
    const fileName = cleanFileName(file.name);
    if (!fileName) throw new AppError("INVALID_REQUEST", UNNAMED);
    return { ...parseUploadOptions([...query, ...fields]), fileName, body: file.stream };
  } catch (error) {
    cancel();
    throw error;
  }
}
