import { AppError } from "../errors.ts";
import { BODY_PACE, type Pace, paced, patienceMs, within } from "./pace.ts";

function tooLarge(limit: number): AppError {
  return new AppError("PAYLOAD_TOO_LARGE", `The body may have ${limit} bytes at most.`);
}

/**
 * Reads a request's body whole.
 *
 * @param limit Bytes; reading stops as soon as there are more.
 * @throws PAYLOAD_TOO_LARGE; REQUEST_TIMEOUT where it comes too slowly; INVALID_REQUEST where the
 * client breaks off.
 */
export async function readBody(
  request: Request,
  limit: number,
  pace: Pace = BODY_PACE,
): Promise<Uint8Array<ArrayBuffer>> {
  const headers = request.headers;
  const declared = headers.get("content-length");
  if (declared !== null && Number(declared) > limit) throw tooLarge(limit);
  try {
    // Without Transfer-Encoding the server lets no more through than Content-Length says (RFC 9112,
    // section 6.3), so one read is safe. It takes less time, as long as nobody touches the stream.
    if (declared !== null && headers.get("transfer-encoding") === null) {
      const bytes = await within(request.bytes(), patienceMs(pace, Number(declared)));
      if (bytes.length > limit) throw tooLarge(limit);
      return bytes;
    }
    return request.body ? await readChunks(paced(request.body, pace), limit) : new Uint8Array();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("INVALID_REQUEST", "The body broke off.", { cause: error });
  }
}

async function readChunks(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
