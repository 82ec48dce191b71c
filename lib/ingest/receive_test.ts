import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { measure } from "./receive.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const never = new AbortController().signal;
const read = (stream: ReadableStream<Uint8Array>) => new Response(stream as BodyInit).text();

Deno.test("measure() passes the bytes on, counted and hashed", async () => {
  const told: number[] = [];
  const body = ReadableStream.from([bytes("ab"), bytes("c")]);
  const measured = measure(body, 3, never, (size) => told.push(size));
  assert.equal(await read(measured.stream), "abc");
  assert.deepEqual(told, [2, 3]);
  const { size, sha256 } = measured.received();
  assert.equal(size, 3);
  // FIPS 180-2, appendix B.1.
  assert.equal(
    sha256.toHex(),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("measure() ends with what is wrong: too large, broken off, stopped", async () => {
  const large = measure(ReadableStream.from([bytes("abc"), bytes("d")]), 3, never, () => {});
  await assert.rejects(read(large.stream), { code: "PAYLOAD_TOO_LARGE" });

  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes("a"));
      controller.error(new TypeError("connection reset"));
    },
  });
  await assert.rejects(
    read(measure(broken, 3, never, () => {}).stream),
    (error) =>
      error instanceof AppError && error.code === "INVALID_REQUEST" &&
      !error.message.includes("reset"),
  );

  // A client that sends nothing more: the abort alone ends the wait.
  const silent = new ReadableStream<Uint8Array>();
  const halt = new AbortController();
  const reading = read(measure(silent, 3, halt.signal, () => {}).stream);
  halt.abort(new AppError("CANCELLED", "because"));
  await assert.rejects(reading, { code: "CANCELLED", detail: "because" });
});
