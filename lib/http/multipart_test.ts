import assert from "node:assert/strict";
import { readUpload } from "./multipart.ts";

const TYPE = "multipart/form-data; boundary=x";

const part = (head: string, body: string) =>
  `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;

const post = (body: BodyInit | null, type = TYPE) =>
  new Request("http://127.0.0.1/", { method: "POST", body, headers: { "content-type": type } });

Deno.test("readUpload() answers the fields before the file, and the file's bytes", async () => {
  const body = part('name="csrf_token"', "abc") +
    part('name="file"; filename="a b.csv"', "x,y\n1,2") +
    "--x--\r\n";
  const upload = await readUpload(post(body));
  assert.equal(upload.fields.get("csrf_token"), "abc");
  assert.equal(upload.file?.name, "a b.csv");
  assert.equal(await new Response(upload.file!.stream).text(), "x,y\n1,2");
});

Deno.test("readUpload() answers no file where the form has none", async () => {
  const upload = await readUpload(post(part('name="name"', "Shop") + "--x--\r\n"));
  assert.equal(upload.file, null);
  assert.equal(upload.fields.get("name"), "Shop");
});

Deno.test("readUpload() strips folders from the file's name", async () => {
  const body = part('name="file"; filename="../../etc/passwd.csv"', "x") + "--x--\r\n";
  const upload = await readUpload(post(body));
  assert.equal(upload.file?.name, "passwd.csv");
  await upload.file!.stream.cancel();
});

Deno.test("readUpload() fails the stream of a body that breaks off", async () => {
  const whole = part('name="file"; filename="a.csv"', "x,y\n1,2\n3,4");
  const upload = await readUpload(post(whole.slice(0, -6)));
  await assert.rejects(new Response(upload.file!.stream).text(), (error: Error) => {
    assert.match(String(error.message), /broke off/);
    return true;
  });
});

Deno.test("readUpload() fails the stream where the connection breaks", async () => {
  let sent = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent) return controller.error(new Error("connection reset"));
      sent = true;
      controller.enqueue(new TextEncoder().encode(part('name="file"; filename="a.csv"', "x,y\n1")));
    },
  });
  const upload = await readUpload(post(body));
  await assert.rejects(new Response(upload.file!.stream).text());
});

Deno.test("readUpload() refuses what is no multipart form", async () => {
  const refused = (request: Request) => Promise.try(() => readUpload(request));
  await assert.rejects(refused(post("{}", "application/json")), { code: "UNSUPPORTED_MEDIA_TYPE" });
  await assert.rejects(refused(post("x", "multipart/form-data")), {
    code: "UNSUPPORTED_MEDIA_TYPE",
  });
  await assert.rejects(refused(post(null)), { code: "INVALID_REQUEST" });
  await assert.rejects(refused(post("no boundary in here")), { code: "INVALID_REQUEST" });
});

Deno.test("readUpload() reads no faster than the file is consumed", async () => {
  let pulled = 0;
  const chunk = new Uint8Array(64 * 1024).fill(97);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(
        pulled++ === 0
          ? new TextEncoder().encode(part('name="file"; filename="a.csv"', "").slice(0, -2))
          : chunk,
      );
      if (pulled > 2000) controller.close();
    },
  }, { highWaterMark: 0 });
  const upload = await readUpload(post(body));
  const reader = upload.file!.stream.getReader();
  for (let i = 0; i < 5; i++) await reader.read();
  assert(pulled < 100, `${pulled} chunks were read ahead`);
  upload.cancel();
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  });
});
