import assert from "node:assert/strict";
import { folderObjects } from "./folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function withFolder(work: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await work(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("put() stores a stream that open() gives back, again and again", async () => {
  await withFolder(async (root) => {
    const objects = folderObjects(root);
    const body = ReadableStream.from([bytes("one,"), bytes("two")]);
    assert.equal(await objects.put("tenant/endpoint/file", body), 7);
    for (let i = 0; i < 2; i++) {
      const text = await new Response(await objects.open("tenant/endpoint/file")).text();
      assert.equal(text, "one,two");
    }
    assert.equal((await Deno.stat(`${root}/tenant/endpoint/file`)).mode! & 0o777, 0o600);
    await objects.remove("tenant/endpoint/file");
    await objects.remove("tenant/endpoint/file");
    await assert.rejects(objects.open("tenant/endpoint/file"));
  });
});

Deno.test("put() leaves nothing of a stream that breaks off or is aborted", async () => {
  await withFolder(async (root) => {
    const objects = folderObjects(root);
    async function* broken() {
      yield bytes("half");
      await Promise.resolve();
      throw new Error("gone");
    }
    await assert.rejects(objects.put("t/broken", ReadableStream.from(broken())), /gone/);
    const abort = AbortSignal.abort();
    await assert.rejects(objects.put("t/aborted", ReadableStream.from([bytes("x")]), abort));
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${root}/t`)), []);
  });
});

Deno.test("keys cannot leave the folder", async () => {
  const objects = folderObjects("/nonexistent");
  for (const key of ["../x", "a/../../x", "/etc/passwd", "a//b", "", "a/.", "a\0"]) {
    await assert.rejects(async () => await objects.open(key), /object key/);
  }
});
