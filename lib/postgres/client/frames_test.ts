import assert from "node:assert/strict";
import fc from "fast-check";
import { ConnectionLost } from "./faults.ts";
import { Frames } from "./frames.ts";
import { message } from "./writer.ts";

interface Seen {
  readonly type: number;
  readonly body: string;
}

/** Feeds bytes in pieces; answers the messages. */
function feed(bytes: Uint8Array, cuts: readonly number[], frames = new Frames()): Seen[] {
  const seen: Seen[] = [];
  const sink = {
    frame: (type: number, from: Frames, start: number, end: number) =>
      void seen.push({ type, body: from.slice(start, end).toHex() }),
  };
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    const room = frames.room();
    const wanted = 1 + (cuts[turn++ % cuts.length] ?? 0);
    const count = Math.min(wanted, room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + count));
    frames.took(count, sink);
    at += count;
  }
  return seen;
}

const letter = fc.integer({ min: 65, max: 122 }).map((code) => String.fromCharCode(code));
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.nat(200_000).map((length) => new Uint8Array(length).fill(7)),
);
const cuts = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 20 });

Deno.test("Frames hands over each message whole, however the bytes come", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(letter, body), { maxLength: 12 }), cuts, (messages, pieces) => {
      const bytes = Uint8Array.fromHex(
        messages.map(([type, content]) => message(type, content).toHex()).join(""),
      );
      assert.deepEqual(
        feed(bytes, pieces),
        messages.map(([type, content]) => ({ type: type.charCodeAt(0), body: content.toHex() })),
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("Frames answers what is no protocol with ConnectionLost alone, and takes no memory for a length", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (bytes, pieces) => {
    const frames = new Frames();
    const sink = {
      frame: (_type: number, from: Frames, start: number, end: number) => void from.row(start, end),
    };
    try {
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const room = frames.room();
        const count = Math.min(1 + pieces[turn % pieces.length]!, bytes.length - at);
        room.set(bytes.subarray(at, at + count));
        frames.took(count, sink);
        at += count;
      }
    } catch (error) {
      assert.ok(error instanceof ConnectionLost, String(error));
    }
    assert.ok(frames.room().buffer.byteLength <= 1 << 17);
  }));
});

Deno.test("Frames reads rows exactly: nulls, empty texts, any script", () => {
  const value = fc.option(fc.string({ unit: "grapheme", maxLength: 50 }));
  fc.assert(fc.property(fc.array(value, { maxLength: 30 }), (values) => {
    const parts = values.flatMap((text) => {
      if (text === null) return [-1];
      const bytes = new TextEncoder().encode(text);
      return [bytes.length, bytes];
    });
    const bytes = message("D", Uint8Array.of(values.length >> 8, values.length & 255), ...parts);
    const rows: unknown[] = [];
    const frames = new Frames();
    frames.room().set(bytes);
    frames.took(bytes.length, {
      frame: (_type, from, start, end) => void rows.push(from.row(start, end)),
    });
    assert.deepEqual(rows, [values.map((text) => text?.toWellFormed() ?? text)]);
  }));
});
