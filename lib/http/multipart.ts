import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy } from "@fastify/busboy";
import { AppError } from "../errors.ts";
import { FILE_PACE, type Pace, paced } from "./pace.ts";

/** The media type of a request's body, in lower case and without parameters; empty where it has none. */
export function mediaType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

// RFC 2046, section 5.1.1: 1 to 70 of these characters, and no blank at the end.
const BOUNDARY = /^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/;

/** The boundary that a content type names; null where it names none, or one that none can be. */
export function boundaryOf(contentType: string): string | null {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain ?? "";
  return BOUNDARY.test(boundary) ? boundary : null;
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

const brokenOff = (cause: unknown) =>
  cause instanceof AppError ? cause : new AppError("INVALID_REQUEST", BROKEN, { cause });

async function* whole(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* file;
  } catch (error) {
    throw brokenOff(error);
  }
}

/**
 * Reads a multipart form up to its first file, which then streams: it is read no faster than it is
 * consumed. A body that breaks off makes the stream fail, so that half a file is never taken for one.
 *
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST, REQUEST_TIMEOUT.
 */
export function readUpload(request: Request, pace: Pace = FILE_PACE): Promise<Upload> {
  const { promise, resolve, reject } = Promise.withResolvers<Upload>();
  const type = request.headers.get("content-type") ?? "";
  const boundary = boundaryOf(type);
  if (mediaType(request) !== "multipart/form-data" || boundary === null) {
    throw new AppError(
      "UNSUPPORTED_MEDIA_TYPE",
      "Send multipart/form-data, with a boundary of 1 to 70 characters.",
    );
  }
  if (!request.body) throw new AppError("INVALID_REQUEST", BROKEN);

  const parser = new Busboy({
    // Said anew: what else the header holds is not the parser's to read.
    headers: { "content-type": `multipart/form-data; boundary="${boundary}"` },
    limits: LIMITS,
  });
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
  pipeline(paced(request.body, pace), parser, { signal: abort.signal }).then(
    () => resolve({ fields, cancel, file: null }),
    (cause) => {
      const error = brokenOff(cause);
      current?.destroy(error);
      reject(error);
    },
  );
  return promise;
}
