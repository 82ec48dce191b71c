import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy } from "@fastify/busboy";
import { AppError } from "../errors.ts";
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
const BROKEN = "The upload broke off, or is not a valid multipart form.";
const NO_FILE = "The form holds no file.";
const EMPTY = "The request has no body.";

const FORM_LIMITS = {
  fieldNameSize: 100,
  fieldSize: 4 * 1024,
  fields: 50,
  files: 1,
  parts: 60,
  headerPairs: 20,
  headerSize: 8 * 1024,
};

// What a form may have around its file.
const FORM_OVERHEAD = 256 * 1024;

/**
 * Reads what a request uploads: the raw body with a file name, or the first file of a multipart form.
 * Options are query parameters and, in a form, the text fields before the file, which win.
 *
 * @param limit Bytes of the file, of which a request that declares more is refused unread; the reader
 * of the body holds the others to it.
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_REQUEST, INVALID_ARGUMENTS.
 */
export async function uploadFromRequest(request: Request, limit: number): Promise<FileUpload> {
  const contentType = request.headers.get("content-type") ?? "application/octet-stream";
  const type = contentType.split(";")[0]!.trim().toLowerCase();
  const form = type === "multipart/form-data" && /;\s*boundary=/i.test(contentType);
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
  if (form) return await fromForm(request.body, contentType, query);
  const fileName = requestFileName(request);
  if (!fileName) throw new AppError("INVALID_REQUEST", UNNAMED);
  return { ...parseUploadOptions(query), fileName, body: request.body };
}

const brokenOff = (cause: unknown) =>
  cause instanceof AppError ? cause : new AppError("INVALID_REQUEST", BROKEN, { cause });

/** What was cut off must not pass for a file. */
async function* whole(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* file;
  } catch (error) {
    throw brokenOff(error);
  }
}

function fromForm(
  body: ReadableStream<Uint8Array>,
  contentType: string,
  query: [string, string][],
): Promise<FileUpload> {
  const { promise, resolve, reject } = Promise.withResolvers<FileUpload>();
  const parser = new Busboy({ headers: { "content-type": contentType }, limits: FORM_LIMITS });
  const abort = new AbortController();
  const fields = query;
  let file: Readable | undefined;
  parser.on("field", (name, value) => fields.push([name, value]));
  parser.on("file", (_field, stream, sentName) => {
    file = stream;
    // The fault is told through the body; without a listener it would end the process.
    stream.on("error", () => {});
    try {
      const fileName = cleanFileName(sentName ?? "");
      if (!fileName) throw new AppError("INVALID_REQUEST", UNNAMED);
      const read = parseUploadOptions(fields);
      resolve({ ...read, fileName, body: ReadableStream.from(whole(stream)) });
    } catch (error) {
      reject(error);
      abort.abort(error);
    }
  });
  pipeline(body, parser, { signal: abort.signal }).then(
    () => reject(new AppError("INVALID_REQUEST", NO_FILE)),
    (cause) => {
      const fault = brokenOff(cause);
      file?.destroy(fault);
      reject(fault);
    },
  );
  return promise;
}
