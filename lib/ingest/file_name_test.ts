import assert from "node:assert/strict";
import * as fc from "fast-check";
import { cleanFileName, dispositionName, requestFileName } from "./file_name.ts";

Deno.test("cleanFileName() leaves neither path nor control characters nor more than 300 characters", () => {
  const table: readonly (readonly [string, string | null])[] = [
    ["movies.csv", "movies.csv"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\x\\für alle.csv", "für alle.csv"],
    ["a\u0000b\n\u202e.csv", "ab .csv"],
    ["..", null],
    ["", null],
    ["a/", null],
    [`${"x".repeat(400)}.csv`, `${"x".repeat(296)}.csv`],
  ];
  for (const [sent, kept] of table) assert.equal(cleanFileName(sent), kept, JSON.stringify(sent));
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 500 }), (sent) => {
    const kept = cleanFileName(sent);
    if (kept === null) return;
    assert.ok(kept.isWellFormed() && Array.from(kept).length <= 300 && kept.length > 0);
    assert.doesNotMatch(kept, /[/\\\p{Cc}\p{Cf}]/u);
    assert.equal(cleanFileName(kept), kept);
  }));
});

Deno.test("dispositionName() reads the forms of RFC 6266 and prefers the extended one", () => {
  assert.equal(dispositionName("attachment; filename=a.csv"), "a.csv");
  assert.equal(dispositionName('attachment; filename="a \\"b\\".csv"; x=1'), 'a "b".csv');
  assert.equal(
    dispositionName("attachment; filename=\"x.csv\"; filename*=UTF-8''f%C3%BCr.csv"),
    "für.csv",
  );
  assert.equal(dispositionName("inline"), null);
});

Deno.test("requestFileName() takes the query before the headers", () => {
  const headers = { "x-file-name": "header.csv", "content-disposition": "a; filename=third.csv" };
  const of = (query: string, sent: Record<string, string>) =>
    requestFileName(new Request(`http://127.0.0.1/${query}`, { headers: sent }));
  assert.equal(of("?file_name=query.csv", headers), "query.csv");
  assert.equal(of("", headers), "header.csv");
  assert.equal(of("", { "content-disposition": "a; filename=third.csv" }), "third.csv");
  assert.equal(of("", {}), null);
});
