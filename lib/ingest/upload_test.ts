import assert from "node:assert/strict";
import { AppError, type ErrorCode } from "../errors.ts";
import { uploadFromRequest } from "./upload.ts";

const URL_OF_FILES = "http://127.0.0.1/v1/endpoints/data/files";
const LIMIT = 1_000_000;

const refused = (code: ErrorCode) => (error: unknown) =>
  error instanceof AppError && error.code === code;

function post(
  body: BodyInit | null,
  headers: Record<string, string> = {},
  query = "",
): Request {
  return new Request(`${URL_OF_FILES}${query}`, { method: "POST", body, headers });
}

/** A form's bytes, written by hand so that a test can cut and bend them. */
function form(parts: readonly { name: string; fileName?: string; text: string }[], end = true) {
  const text = parts.map(({ name, fileName, text }) =>
    `--edge\r\nContent-Disposition: form-data; name="${name}"` +
    (fileName === undefined ? "" : `; filename="${fileName}"\r\nContent-Type: text/csv`) +
    `\r\n\r\n${text}\r\n`
  ).join("");
  return post(end ? `${text}--edge--\r\n` : text, {
    "content-type": "multipart/form-data; boundary=edge",
  });
}

const text = (body: ReadableStream<Uint8Array>) => new Response(body as BodyInit).text();

Deno.test("uploadFromRequest() reads a raw body, its name and its options", async () => {
  const upload = await uploadFromRequest(
    post("a\tb\n1\t2\n", {
      "content-type": "text/csv; charset=utf-8",
      "x-file-name": "f%C3%BCr.csv",
    }, "?delimiter=tab&header=true&mode=append&table=&quote=&allow_duplicate=true&other=x"),
    LIMIT,
  );
  assert.equal(upload.fileName, "für.csv");
  assert.deepEqual(upload.options, { delimiter: "\t", header: true, mode: "append", quote: "" });
  assert.equal(upload.allowDuplicate, true);
  assert.equal(await text(upload.body), "a\tb\n1\t2\n");
});

Deno.test("uploadFromRequest() reads a form's first file and the fields before it", async () => {
  const upload = await uploadFromRequest(
    form([
      { name: "csrf", text: "secret" },
      { name: "table", text: "films" },
      { name: "file", fileName: "C:\\data\\movies.csv", text: "a,b\r\n1,2\r\n" },
      { name: "mode", text: "append" },
    ]),
    LIMIT,
  );
  assert.equal(upload.fileName, "movies.csv");
  assert.deepEqual(upload.options, { table: "films", mode: "create" });
  assert.equal(upload.allowDuplicate, false);
  assert.equal(await text(upload.body), "a,b\r\n1,2\r\n");
});

Deno.test("uploadFromRequest() makes a cut form fail instead of ending the file", async () => {
  const upload = await uploadFromRequest(
    form([{ name: "file", fileName: "m.csv", text: "a,b\r\n1" }], false),
    LIMIT,
  );
  await assert.rejects(text(upload.body), refused("INVALID_REQUEST"));
});

Deno.test("uploadFromRequest() refuses what is no upload", async () => {
  const cases: readonly (readonly [string, Request, ErrorCode])[] = [
    [
      "a urlencoded body",
      post("a=1", { "content-type": "application/x-www-form-urlencoded" }),
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    [
      "a form without boundary",
      post("x", { "content-type": "multipart/form-data" }),
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    [
      "a compressed body",
      post("x", { "content-type": "text/csv", "content-encoding": "gzip" }, "?file_name=a.csv"),
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["no name", post("a\n1\n", { "content-type": "text/csv" }), "INVALID_REQUEST"],
    ["no body", post(null, { "content-type": "text/csv" }, "?file_name=a.csv"), "INVALID_REQUEST"],
    ["a form without file", form([{ name: "table", text: "t" }]), "INVALID_REQUEST"],
    [
      "a form's file without name",
      form([{ name: "file", fileName: "../", text: "a" }]),
      "INVALID_REQUEST",
    ],
    [
      "a wrong option",
      post("a", { "content-type": "text/csv" }, "?file_name=a.csv&format=xml"),
      "INVALID_ARGUMENTS",
    ],
    [
      "a wrong option in a form",
      form([{ name: "delimiter", text: ",," }, { name: "f", fileName: "a.csv", text: "a" }]),
      "INVALID_ARGUMENTS",
    ],
    [
      "a declared size past the limit",
      post("a", { "content-type": "text/csv", "content-length": "1000001" }, "?file_name=a.csv"),
      "PAYLOAD_TOO_LARGE",
    ],
  ];
  for (const [what, request, code] of cases) {
    await assert.rejects(uploadFromRequest(request, LIMIT), refused(code), what);
    await request.body?.cancel().catch(() => {});
  }
});
