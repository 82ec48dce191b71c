import { AppError } from "../../errors.ts";
import { type Encoding, Utf8Probe } from "../detect/mod.ts";
import type { LoadInput } from "./types.ts";

/** Bytes from which format and dialect are detected. */
const HEAD_BYTES = 256 * 1024;

/** How to read a file as UTF-8 text. */
export interface TextLayout {
  readonly encoding: Encoding;
  /** Bytes of a byte order mark to leave out. */
  readonly markLength: number;
}

/** Reads a file's first bytes; `cut` says that more follow. */
export async function readHead(
  input: Pick<LoadInput, "open" | "signal">,
): Promise<{ head: Uint8Array; cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of await input.open()) {
    input.signal.throwIfAborted();
    chunks.push(chunk);
    size += chunk.length;
    if (size > HEAD_BYTES) break;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return { head: whole.subarray(0, HEAD_BYTES), cut: size > HEAD_BYTES };
}

/**
 * Reads a file as UTF-8 without byte order mark, whatever it was written in. With `probe`, bytes that
 * are not UTF-8 throw NotUtf8 once they come by. `told` hears how many bytes of the file were read.
 */
export async function* utf8Chunks(
  input: Pick<LoadInput, "open" | "signal">,
  layout: TextLayout,
  hooks: { probe?: boolean; told?: (bytes: number) => void } = {},
): AsyncGenerator<Uint8Array> {
  const transcoder = layout.encoding === "utf-8" ? undefined : new Transcoder(layout.encoding);
  const probe = hooks.probe ? new Utf8Probe() : undefined;
  let skip = layout.markLength;
  let bytes = 0;
  for await (const chunk of await input.open()) {
    input.signal.throwIfAborted();
    bytes += chunk.length;
    const text = skip === 0 ? chunk : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
    probe?.write(text);
    if (text.length > 0) yield transcoder ? transcoder.write(text) : text;
    hooks.told?.(bytes);
  }
  probe?.end();
  if (transcoder) yield transcoder.end();
}

class Transcoder {
  readonly #decoder: TextDecoder;
  readonly #encoder = new TextEncoder();

  constructor(encoding: Encoding) {
    this.#decoder = new TextDecoder(encoding, { fatal: true });
  }

  write(chunk: Uint8Array): Uint8Array {
    return this.#encode(chunk, true);
  }

  end(): Uint8Array {
    return this.#encode(new Uint8Array(), false);
  }

  #encode(chunk: Uint8Array, stream: boolean): Uint8Array {
    try {
      return this.#encoder.encode(this.#decoder.decode(chunk, { stream }));
    } catch (cause) {
      throw new AppError("UNREADABLE_FILE", `The file is not valid ${this.#decoder.encoding}.`, {
        cause,
      });
    }
  }
}
