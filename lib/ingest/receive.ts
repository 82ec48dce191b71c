import { createHash } from "node:crypto";
import { AppError } from "../errors.ts";

/** What arrived: how much, and its SHA-256. */
export interface Received {
  readonly size: number;
  readonly sha256: Uint8Array;
}

const BROKEN = "The upload broke off before the file was whole. Send it again.";

/**
 * Measures a body while it passes through. The stream that it answers fails with an AppError where
 * the body breaks off (INVALID_REQUEST), is larger than `maxBytes` (PAYLOAD_TOO_LARGE), or `signal`
 * is aborted (with its reason, where that is an AppError).
 *
 * @param told Hears how many bytes there were so far.
 */
export function measure(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
  told: (bytes: number) => void,
): { readonly stream: ReadableStream<Uint8Array>; received(): Received } {
  const hash = createHash("sha256");
  let size = 0;

  async function* pass(): AsyncGenerator<Uint8Array> {
    try {
      // Piped, so that an abort also ends the wait for a client that sends nothing.
      const piped = body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal });
      for await (const chunk of piped) {
        size += chunk.length;
        if (size > maxBytes) {
          throw new AppError("PAYLOAD_TOO_LARGE", `A file may have ${maxBytes} bytes at most.`);
        }
        hash.update(chunk);
        told(size);
        yield chunk;
      }
    } catch (error) {
      throw error instanceof AppError
        ? error
        : new AppError("INVALID_REQUEST", BROKEN, { cause: error });
    }
  }

  return {
    stream: ReadableStream.from(pass()),
    received: () => ({ size, sha256: new Uint8Array(hash.digest()) }),
  };
}

/** Passes a stored file on, and fails at its end where it has another SHA-256 (hexadecimal). */
export function verified(
  stored: ReadableStream<Uint8Array>,
  sha256: string,
): ReadableStream<Uint8Array> {
  const hash = createHash("sha256");
  return stored.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, out) {
        hash.update(chunk);
        out.enqueue(chunk);
      },
      flush(out) {
        if (hash.digest("hex") === sha256) return;
        out.error(new AppError("UNREADABLE_FILE", "The stored file is not the one that was sent."));
      },
    }),
  );
}
