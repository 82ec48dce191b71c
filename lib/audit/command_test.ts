import assert from "node:assert/strict";
import { testServices, testTenant } from "../../tests/harness/mod.ts";
import { anchorAudit, anchorKeys, exportAudit, recordEvent, SYSTEM_ACTOR } from "./mod.ts";
import { selectAnchors } from "./anchor_store.ts";

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
  const [path, signed, key] = [0, 0, 0].map(() => Deno.makeTempFileSync()) as [
    string,
    string,
    string,
  ];
  try {
    const text = await new Response(exportAudit(control, tenantId, "ndjson")).text();
    await Deno.writeTextFile(path, text);
    const whole = await verify(path);
    assert.equal(whole.code, 0, whole.text);
    assert.match(whole.text, /: self-consistent only: no anchor was given/);
    const anchor = /ending in (3:[0-9a-f]{64})/.exec(whole.text)![1]!;
    const anchored = await verify(path, "--anchor", anchor);
    assert.equal(anchored.code, 0);
    assert.match(anchored.text, /: whole up to entry 3, as its anchor says\. Entries 1 to 3/);

    await anchorAudit(test.services);
    const anchors = await control.tenant(
      tenantId,
      (tx) => selectAnchors(tx, { before: null, limit: 1 }),
    );
    const { statement } = anchors[0]!;
    await Deno.writeTextFile(signed, JSON.stringify({ items: [{ statement }] }));
    await Deno.writeTextFile(key, JSON.stringify(await anchorKeys(test.services)));
    const signedBy = await verify(path, "--anchors", signed, "--key", key);
    assert.equal(signedBy.code, 0, signedBy.text);
    assert.match(signedBy.text, /: whole up to entry 3/);
    await control.tenant(
      tenantId,
      (tx) => recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR }),
    );
    const longer = await new Response(exportAudit(control, tenantId, "ndjson")).text();
    await Deno.writeTextFile(path, longer);
    const partly = await verify(path, "--anchors", signed, "--key", key);
    assert.match(
      partly.text,
      /whole up to entry 3.*what follows it, to entry 4, is self-consistent/,
    );
    await Deno.writeTextFile(path, text.split("\n").slice(0, 2).join("\n") + "\n");
    assert.equal((await verify(path, "--anchors", signed, "--key", key)).code, 1);
    await Deno.writeTextFile(signed, statement.replace(/.{20}$/, "A".repeat(20)));
    const forged = await verify(path, "--anchors", signed, "--key", key);
    assert.equal(forged.code, 2);
    assert.match(forged.text, /was not signed by a key of/);
    assert.equal((await verify(path, "--anchors", signed)).code, 2);
    assert.equal((await verify(path, "--anchors", path, "--key", key)).code, 2);
    assert.equal((await verify(path, "--anchors", signed, "--key", path)).code, 2);

    // Of two values of one key, one reader takes the first and another the last.
    await Deno.writeTextFile(path, text.replace('"action":', '"action":"team.left","action":'));
    const doubled = await verify(path);
    assert.equal(doubled.code, 1);
    assert.match(doubled.text, /Line 1 names a field twice/);

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
    for (const file of [path, signed, key]) await Deno.remove(file);
  }
  for (const args of [[], [path], [path, "--anchor", "x"], ["--anchor"], ["a", "b"]]) {
    assert.equal((await verify(...args)).code, 2, args.join(" "));
  }
});
