import { Buffer } from "node:buffer";
import { ConnectionLost } from "./faults.ts";

const START_BYTES = 1 << 16;
// A larger buffer is given back as soon as it is empty: one large answer must not stay in memory.
const KEPT_BYTES = 1 << 18;
// Postgres refuses to make a longer message itself.
const MAX_FRAME_BYTES = 0x3fffffff;

/** Node's own decoder, which the types leave out: for short texts several times as fast as TextDecoder. */
interface Utf8Slicer {
  utf8Slice(start: number, end: number): string;
}

const textOf = (buffer: ArrayBuffer) => Buffer.from(buffer) as unknown as Utf8Slicer;

/** Where a message is handed over: its body lies in `bytes` from `start` to `end`, until the next read. */
export interface FrameSink {
  frame(type: number, frames: Frames, start: number, end: number): void;
}

/**
 * Cuts what a server sends into messages. Bodies are handed over in place: nobody keeps them, so the one
 * buffer serves every message.
 */
export class Frames {
  #bytes = new Uint8Array(START_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #text = textOf(this.#bytes.buffer);
  #end = 0;

  /** Room for the next read; at least one byte. */
  room(): Uint8Array {
    if (this.#end === this.#bytes.length) {
      // By doubling as bytes come, for a length alone must not take memory.
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#use(larger);
    }
    return this.#bytes.subarray(this.#end);
  }

  /**
   * Takes note of bytes that were read into `room()`, and hands over each whole message.
   *
   * @throws ConnectionLost where a length cannot be one.
   */
  took(count: number, sink: FrameSink): void {
    this.#end += count;
    let at = 0;
    while (this.#end - at >= 5) {
      const length = this.#view.getUint32(at + 1);
      if (length < 4 || length > MAX_FRAME_BYTES) {
        throw new ConnectionLost("a message has no length");
      }
      const next = at + 1 + length;
      if (next > this.#end) break;
      sink.frame(this.#bytes[at]!, this, at + 5, next);
      at = next;
    }
    this.#keep(at);
  }

  /** The body's bytes, valid until the next read. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  int32(at: number): number {
    return this.#view.getInt32(at);
  }

  byte(at: number): number {
    return this.#bytes[at]!;
  }

  /**
   * Reads a DataRow whose columns are text.
   *
   * @throws ConnectionLost where its columns do not fill it.
   */
  row(start: number, end: number): (string | null)[] {
    if (end - start < 2) throw new ConnectionLost("a row has no columns");
    const columns = this.#view.getUint16(start);
    const row = new Array<string | null>(columns);
    let at = start + 2;
    for (let column = 0; column < columns; column++) {
      if (at + 4 > end) throw new ConnectionLost("a row is too short");
      const length = this.#view.getInt32(at);
      at += 4;
      if (length < 0) {
        row[column] = null;
        continue;
      }
      if (at + length > end) throw new ConnectionLost("a row is too short");
      row[column] = this.#text.utf8Slice(at, at + length);
      at += length;
    }
    if (at !== end) throw new ConnectionLost("a row is too long");
    return row;
  }

  #keep(from: number): void {
    const left = this.#end - from;
    if (left > 0 && from > 0) this.#bytes.copyWithin(0, from, this.#end);
    this.#end = left;
    if (left === 0 && this.#bytes.length > KEPT_BYTES) this.#use(new Uint8Array(START_BYTES));
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#text = textOf(bytes.buffer);
  }
}
