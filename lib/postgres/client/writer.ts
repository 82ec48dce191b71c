const encoder = new TextEncoder();

/** Execute of the unnamed portal without a limit, then Sync. */
const EXECUTE_SYNC = Uint8Array.of(0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4);

/** Past this the buffer is given back once it has been sent. */
const KEPT_BYTES = 1 << 18;

const BIND = 0x42;
const CLOSE = 0x43;
const PARSE = 0x50;

/** Collects messages of the extended query protocol until they are sent. */
export class MessageWriter {
  #bytes = new Uint8Array(1 << 14);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Takes what was collected. */
  take(): Uint8Array {
    const out = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) {
      this.#bytes = new Uint8Array(1 << 14);
      this.#view = new DataView(this.#bytes.buffer);
    }
    return out;
  }

  /** Parse: names a statement (the empty name holds until the next Parse). Types are the server's to find. */
  parse(name: string, text: string): void {
    const at = this.#begin(PARSE);
    this.#cstring(name);
    this.#cstring(text);
    this.#int16(0);
    this.#end(at);
  }

  /** Close of a named statement. */
  closeStatement(name: string): void {
    const at = this.#begin(CLOSE);
    this.#byte(0x53);
    this.#cstring(name);
    this.#end(at);
  }

  /** Bind with every value and every column as text, Execute, Sync. */
  run(name: string, values: readonly (string | null)[]): void {
    const at = this.#begin(BIND);
    this.#byte(0);
    this.#cstring(name);
    this.#int16(0);
    this.#int16(values.length);
    for (const value of values) {
      if (value === null) this.#int32(-1);
      else this.#text(value);
    }
    this.#int16(0);
    this.#end(at);
    this.#room(EXECUTE_SYNC.length);
    this.#bytes.set(EXECUTE_SYNC, this.#length);
    this.#length += EXECUTE_SYNC.length;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  #begin(type: number): number {
    this.#room(5);
    const at = this.#length;
    this.#bytes[at] = type;
    this.#length += 5;
    return at;
  }

  /** The length counts itself and the body, not the type. */
  #end(at: number): void {
    this.#view.setUint32(at + 1, this.#length - at - 1);
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  #int16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  #int32(value: number): void {
    this.#room(4);
    this.#view.setInt32(this.#length, value);
    this.#length += 4;
  }

  /** A text with its length before it. */
  #text(value: string): void {
    this.#room(4 + value.length * 3);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#length + 4));
    this.#view.setInt32(this.#length, written);
    this.#length += 4 + written;
  }

  #cstring(value: string): void {
    if (value.includes("\0")) throw new Error("a statement holds no NUL byte");
    this.#room(value.length * 3 + 1);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#length));
    this.#length += written;
    this.#bytes[this.#length++] = 0;
  }
}

/** One message: its type's letter (none for the first one of a connection), length and body. */
export function message(
  type: string,
  ...parts: readonly (string | Uint8Array | number)[]
): Uint8Array {
  const bodies = parts.map((part) => {
    if (typeof part === "string") return encoder.encode(part);
    if (typeof part !== "number") return part;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, part);
    return bytes;
  });
  const length = bodies.reduce((sum, body) => sum + body.length, 4);
  const out = new Uint8Array(type.length + length);
  out.set(encoder.encode(type));
  new DataView(out.buffer).setUint32(type.length, length);
  let at = type.length + 4;
  for (const body of bodies) {
    out.set(body, at);
    at += body.length;
  }
  return out;
}
