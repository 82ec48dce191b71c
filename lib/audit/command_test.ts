import assert from "node:assert/strict";
import { testServices, testTenant } from "../../tests/harness/mod.ts";
import { exportAudit, recordEvent, SYSTEM_ACTOR } from "./mod.ts";

const PROGRAM = new URL("../../audit_verify.ts", import.meta.url);

/** Runs the program as a person does: it may read files, and nothing else. */
async function verify(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", PROGRAM.pathname, ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, text: text(stdout) + text(stderr) };
}

Deno.test("audit:verify checks an export with no more than the right to read it", async () => {
  await using test = await testServices();
  const { control } = test.services;
  const { tenantId } = await testTenant(test.services);
  for (const subject of ["one", "twö", "three"]) {
    await control.tenant(
      tenantId,
      (tx) => recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR, subject }),
    );
  }
  const path = await Deno.makeTempFile();
  try {
    const text = await new Response(exportAudit(control, tenantId, "ndjson")).text();
    await Deno.writeTextFile(path, text);
    const whole = await verify(path);
    assert.equal(whole.code, 0, whole.text);
    const anchor = /ending in (3:[0-9a-f]{64})/.exec(whole.text)![1]!;
    assert.equal((await verify(path, "--anchor", anchor)).code, 0);

    const lines = text.split("\n");
    await Deno.writeTextFile(path, lines.slice(0, 2).join("\n") + "\n");
    assert.equal((await verify(path)).code, 0);
    const ended = await verify(path, "--anchor", anchor);
    assert.equal(ended.code, 1);
    assert.match(ended.text, /entry 3 is not in the file/);

    await Deno.writeTextFile(path, text.replace("twö", "two"));
    const changed = await verify(path);
    assert.equal(changed.code, 1);
    assert.match(changed.text, /Line 2 \(entry 2\) was changed/);

    await Deno.writeTextFile(path, lines.slice(1).join("\n"));
    const headless = await verify(path);
    assert.equal(headless.code, 1);
    assert.match(headless.text, /Line 1 is entry 2: what came before is missing/);
    const { tenant_id, hash } = JSON.parse(lines[0]!);
    const cut = JSON.stringify({ tenant_id, deleted_through: 1, hash });
    await Deno.writeTextFile(path, [cut, ...lines.slice(1)].join("\n"));
    const said = await verify(path);
    assert.equal(said.code, 0, said.text);
    assert.match(said.text, /Entries 2 to 3.*\nEntry 1 was deleted for age, as the file says/);
    const proven = await verify(path, "--anchor", `1:${hash}`);
    assert.equal(proven.code, 0);
    assert.match(proven.text, /Entry 1 was deleted for age, as the anchor says/);

    await Deno.writeFile(path, new Uint8Array([0xff, 0x0a]));
    assert.equal((await verify(path)).code, 2);
  } finally {
    await Deno.remove(path);
  }
  for (const args of [[], [path], [path, "--anchor", "x"], ["--anchor"], ["a", "b"]]) {
    assert.equal((await verify(...args)).code, 2, args.join(" "));
  }
});
