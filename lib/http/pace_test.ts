import assert from "node:assert/strict";
import { connect } from "node:net";
import { AppError } from "../errors.ts";
import { boundaryOf, paced, readBody, readUpload } from "./mod.ts";
import { patienceMs } from "./pace.ts";

const HURRIED = { graceMs: 30, bytesPerSecond: 1_000_000, mostMs: 60_000 };
const SLOW = { code: "REQUEST_TIMEOUT" };

/** A body of which this much comes, and then nothing. */
const stalled = (text: string) =>
  new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
  });

const post = (body: BodyInit, headers: HeadersInit = {}) =>
  new Request("http://127.0.0.1/", { method: "POST", body, headers });

Deno.test("patienceMs() grows with what has come, up to its end", () => {
  const pace = { graceMs: 1_000, bytesPerSecond: 100, mostMs: 5_000 };
  assert.deepEqual([0, 100, 1_000].map((bytes) => patienceMs(pace, bytes)), [1_000, 2_000, 5_000]);
});

Deno.test("readBody() ends a body that stalls, whether its length is declared or not", async () => {
  await assert.rejects(readBody(post(stalled("x")), 100, HURRIED), SLOW);
  await assert.rejects(
    readBody(post(stalled("x"), { "content-length": "10" }), 100, HURRIED),
    SLOW,
  );
});

Deno.test("paced() passes whole bodies on, counts no time that the reader takes, and cancels", async () => {
  const whole = new Response("a".repeat(500_000)).body!;
  assert.equal((await new Response(paced(whole, HURRIED)).text()).length, 500_000);
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => void (cancelled = true),
  });
  for await (const chunk of paced(endless, HURRIED)) {
    assert.equal(chunk.length, 10);
    break;
  }
  assert.ok(cancelled);
});

Deno.test("readUpload() ends a form that stalls before its file, and within it", async () => {
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  await assert.rejects(readUpload(post(stalled("--x\r\n"), headers), HURRIED), SLOW);
  const file = '--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\na,b\n';
  const upload = await readUpload(post(stalled(file), headers), HURRIED);
  await assert.rejects(new Response(upload.file!.stream).text(), SLOW);
});

Deno.test("boundaryOf() takes what RFC 2046 allows, and nothing longer", () => {
  const of = (boundary: string) => boundaryOf(`multipart/form-data; boundary=${boundary}`);
  assert.equal(of("x".repeat(70)), "x".repeat(70));
  assert.equal(of("x".repeat(71)), null);
  assert.equal(of('"a b"'), "a b");
  assert.equal(of('"a "'), null);
  for (const bad of ["", '""', '"', "ä", "a\u0000", "<x>"]) assert.equal(of(bad), null, bad);
  assert.equal(boundaryOf("multipart/form-data"), null);
});

Deno.test("readUpload() answers no boundary, however odd, with a fault of ours", async () => {
  const odd = [
    "x".repeat(71),
    "x".repeat(300),
    "x".repeat(5_000),
    '"',
    '""',
    "%00",
    "=",
    ";",
    "[",
    "ä",
  ];
  for (const boundary of odd) {
    // Some of these may not even stand in a header.
    const type = `multipart/form-data; boundary=${boundary}`;
    const request = post("--x--", { "content-type": encodeURI(type).replaceAll("%20", " ") });
    const thrown = await Promise.try(() => readUpload(request)).then(() => null, (error) => error);
    assert.ok(thrown instanceof AppError && thrown.kind.status < 500, boundary);
  }
});

Deno.test("a slow body is answered with 408 over the network", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    try {
      return new Response(await readBody(request, 1_000, HURRIED));
    } catch (error) {
      return new Response(null, { status: (error as AppError).kind.status });
    }
  });
  for (const length of ["content-length: 10", "transfer-encoding: chunked"]) {
    const socket = connect(server.addr.port, "127.0.0.1");
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${length}\r\n\r\n1`);
    let answer = "";
    // The runtime does not end the connection itself: the proxy before it does.
    for await (const chunk of socket) {
      answer += chunk;
      if (answer.includes("\r\n\r\n")) break;
    }
    assert.match(answer, /^HTTP\/1\.1 408 /, length);
  }
  await server.shutdown();
});
