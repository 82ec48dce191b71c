import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy } from "@fastify/busboy";
import { AppError } from "../errors.ts";

/** The media type of a request's body, in lower case and without parameters; empty where it has none. */
export function mediaType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

/** A multipart form up to its file: the fields before it, and the file as a stream. */
export interface Upload {
  readonly fields: URLSearchParams;
  /** Null where the form holds no file. */
  readonly file: { readonly name: string; readonly stream: ReadableStream<Uint8Array> } | null;
  /** Gives the rest of the body up. */
  cancel(): void;
}

const LIMITS = {
  fieldNameSize: 100,
  fieldSize: 64 * 1024,
  fields: 50,
  files: 1,
  parts: 60,
  headerPairs: 20,
  headerSize: 8 * 1024,
};

const BROKEN = "The upload broke off, or is not a valid multipart form.";

const brokenOff = (cause: unknown) => new AppError("INVALID_REQUEST", BROKEN, { cause });

async function* whole(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* file;
  } catch (error) {
    throw error instanceof AppError ? error : brokenOff(error);
  }
}

/**
 * Reads a multipart form up to its first file, which then streams: it is read no faster than it is
 * consumed. A body that breaks off makes the stream fail, so that half a file is never taken for one.
 *
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST.
 */
export function readUpload(request: Request): Promise<Upload> {
  const { promise, resolve, reject } = Promise.withResolvers<Upload>();
  const type = request.headers.get("content-type") ?? "";
  if (mediaType(request) !== "multipart/form-data" || !/;\s*boundary=/i.test(type)) {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "Send multipart/form-data.");
  }
  if (!request.body) throw new AppError("INVALID_REQUEST", BROKEN);

  const parser = new Busboy({ headers: { "content-type": type }, limits: LIMITS });
  const fields = new URLSearchParams();
  const abort = new AbortController();
  const cancel = () => abort.abort();
  let current: Readable | undefined;
  parser.on("field", (name, value) => fields.append(name, value));
  parser.on("file", (_field, stream, name) => {
    // A form that is sent without a file has a part with an empty name.
    if (!name) return void stream.resume();
    current = stream;
    // Without a listener, a fault of the body would end the process.
    stream.on("error", () => {});
    // Not Readable.toWeb: cancelled while the parser still writes, it throws where nothing catches.
    resolve({ fields, cancel, file: { name, stream: ReadableStream.from(whole(stream)) } });
  });
  pipeline(request.body, parser, { signal: abort.signal }).then(
    () => resolve({ fields, cancel, file: null }),
    (cause) => {
      const error = brokenOff(cause);
      current?.destroy(error);
      reject(error);
    },
  );
  return promise;
}
