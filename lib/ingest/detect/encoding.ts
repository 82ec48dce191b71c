/** The encodings that are read. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** What the first bytes of a file say of its encoding. */
export interface ByteOrderMark {
  readonly encoding: Encoding;
  /** Bytes to leave out. */
  readonly length: number;
}

/** Reads a byte order mark (Unicode 23.8); undefined where there is none. */
export function byteOrderMark(head: Uint8Array): ByteOrderMark | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) {
    return { encoding: "utf-8", length: 3 };
  }
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: "utf-16le", length: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: "utf-16be", length: 2 };
  return undefined;
}

/** Thrown by a probe at the first byte that UTF-8 does not allow. */
export class NotUtf8 extends Error {
  override readonly name = "NotUtf8";
}

/** Follows a file's bytes and holds that they are UTF-8. */
export class Utf8Probe {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });

  /** Takes in the next bytes. Throws NotUtf8. */
  write(chunk: Uint8Array): void {
    this.#decode(chunk, true);
  }

  /** The file is over: a character that was begun must be whole. Throws NotUtf8. */
  end(): void {
    this.#decode(new Uint8Array(), false);
  }

  #decode(chunk: Uint8Array, stream: boolean): void {
    try {
      this.#decoder.decode(chunk, { stream });
    } catch (cause) {
      throw new NotUtf8("a byte that UTF-8 does not allow", { cause });
    }
  }
}

/** Whether a file's head can be UTF-8; a character cut off at its end counts as whole. */
export function looksLikeUtf8(head: Uint8Array): boolean {
  try {
    new Utf8Probe().write(head);
    return true;
  } catch {
    return false;
  }
}
