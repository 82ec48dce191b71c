import assert from "node:assert/strict";
import fc from "fast-check";
import { entryHash, GENESIS } from "./chain.ts";
import type { TenantId } from "../ids.ts";
import { droppedLine, exportLine } from "./export.ts";
import { jsonbText, parseExactly } from "./jsonb_text.ts";
import { verifyExport } from "./verify.ts";

const TENANT = "0198c0de-0000-7000-8000-000000000001";

/** A chain of entries, as its export has it. */
function chain(subjects: readonly (string | null)[]): string[] {
  let previous = GENESIS.hash;
  return subjects.map((subject, index) => {
    const entry = {
      seq: String(index + 1),
      id: `0198c0de-0000-7000-8000-${String(index).padStart(12, "0")}`,
      tenant_id: TENANT,
      at: "2030-01-01T00:00:00.000001Z",
      action: "token.minted",
      actor_kind: "rest",
      user_id: null,
      token_id: null,
      endpoint_id: null,
      subject,
      request_id: null,
      network: "192.0.2.0/24",
      detail: jsonbText(parseExactly(JSON.stringify({ subject, n: 1.5, list: [true, null] }))),
    };
    const hash = entryHash(previous, entry);
    const line = exportLine({ ...entry, previous_hash: previous, hash });
    previous = hash;
    return line.trimEnd();
  });
}

const subjects = fc.array(fc.option(fc.string({ unit: "grapheme" })), {
  minLength: 3,
  maxLength: 12,
});

const anchorOf = (line: string) => {
  const { seq, hash } = JSON.parse(line);
  return { seq: BigInt(seq), hash };
};

Deno.test("verifyExport() passes a chain that is whole, from its beginning or from later on", async () => {
  await fc.assert(fc.asyncProperty(subjects, fc.nat(), async (given, at) => {
    const lines = chain(given);
    const start = at % lines.length;
    // Where the first entries are gone, an anchor says that they were deleted.
    const cut = start ? [anchorOf(lines[start - 1]!)] : [];
    const { fault, to, from, unproven } = await verifyExport(lines.slice(start), cut);
    assert.equal(fault, null);
    assert.equal(unproven, false);
    assert.equal(to.seq, BigInt(lines.length));
    assert.equal(from.seq, BigInt(start));
  }));
  assert.deepEqual((await verifyExport([])).fault, null);
});

Deno.test("verifyExport() finds each changed character", async () => {
  await fc.assert(
    fc.asyncProperty(
      subjects,
      fc.nat(),
      fc.nat(),
      fc.constantFrom(...'0a"x{,]9f: '),
      async (given, line, column, put) => {
        const lines = chain(given);
        const row = line % lines.length;
        const text = lines[row]!;
        const at = column % text.length;
        const changed = text.slice(0, at) + put + text.slice(at + 1);
        // What reads the same was not changed: a blank for a blank, or one more between two marks.
        let same = false;
        try {
          same = jsonbText(parseExactly(changed)) === jsonbText(parseExactly(text));
        } catch {
          same = false;
        }
        fc.pre(!same);
        // The first line's hash before is taken as it stands only where the chain begins later.
        const { fault } = await verifyExport(lines.with(row, changed));
        assert.notEqual(fault, null, changed);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("verifyExport() finds entries that are missing, doubled or out of order", async () => {
  await fc.assert(fc.asyncProperty(subjects, fc.nat(), fc.nat(), async (given, a, b) => {
    const lines = chain(given);
    const [first, second] = [a % lines.length, b % lines.length];
    const inner = 1 + first % (lines.length - 2);
    assert.notEqual((await verifyExport(lines.toSpliced(inner, 1))).fault, null);
    assert.notEqual((await verifyExport(lines.toSpliced(first, 0, lines[first]!))).fault, null);
    if (first === second) return;
    const swapped = lines.with(first, lines[second]!).with(second, lines[first]!);
    assert.notEqual((await verifyExport(swapped)).fault, null);
  }));
});

Deno.test("verifyExport() finds an end that was cut off, and a chain that was made anew, by an anchor", async () => {
  await fc.assert(fc.asyncProperty(subjects, fc.nat(), async (given, cut) => {
    const lines = chain(given);
    const anchor = anchorOf(lines.at(-1)!);
    assert.equal((await verifyExport(lines, [anchor])).fault, null);
    const shorter = lines.slice(0, cut % lines.length);
    const { fault } = await verifyExport(shorter, [anchor]);
    assert.equal(fault?.line, 0);
    const forged = chain(given.with(0, `${given[0]} `));
    assert.equal((await verifyExport(forged)).fault, null);
    assert.notEqual((await verifyExport(forged, [anchor])).fault, null);
    // A chain that begins later is held to what is known of its beginning.
    const before = anchorOf(lines[0]!);
    const other = { ...before, hash: "f".repeat(64) };
    assert.match(
      (await verifyExport(lines.slice(1), [other])).fault!.text,
      /not follow the anchor/,
    );
  }));
});

Deno.test("verifyExport() says what is wrong with a line that is no entry", async () => {
  const [line] = chain(["a"]);
  for (
    const [text, expected] of [
      ["", /JSON/],
      ["[]", /no entry/],
      ["{}", /other fields/],
      [line!.replace('"seq":1,', '"seq":"1",'), /no number/],
      [line!.replace('"subject":"a"', '"subject":["a"]'), /no text/],
      [line!.replace(/"hash":"\w+"/, '"hash":"x"'), /no hash/],
    ] as const
  ) assert.match((await verifyExport([text])).fault!.text, expected);
});

/** A chain whose first `cut` entries were deleted, as its export has it. */
function kept(lines: readonly string[], cut: number): string[] {
  return [
    droppedLine(TENANT as TenantId, anchorOf(lines[cut - 1]!)).trimEnd(),
    ...lines.slice(cut),
  ];
}

Deno.test("verifyExport() takes a beginning that the file or an anchor says was deleted, and no other", async () => {
  await fc.assert(fc.asyncProperty(subjects, fc.nat(), async (given, at) => {
    const lines = chain(given);
    const cut = 1 + at % lines.length;
    const anchor = anchorOf(lines[cut - 1]!);
    const said = kept(lines, cut);
    const own = await verifyExport(said);
    assert.equal(own.fault, null);
    assert.deepEqual([own.from, own.unproven], [anchor, true]);
    const proven = await verifyExport(said, [anchor]);
    assert.deepEqual([proven.fault, proven.unproven], [null, false]);
    const wrong = await verifyExport(said, [{ ...anchor, hash: "f".repeat(64) }]);
    assert.match(wrong.fault!.text, /does not follow the anchor/);
    if (cut < lines.length) {
      assert.match(
        (await verifyExport(lines.slice(cut))).fault!.text,
        /what came before is missing/,
      );
      // Another beginning than the one that is said, and more missing than that.
      assert.notEqual((await verifyExport(said.toSpliced(1, 1, lines[0]!))).fault, null);
    }
    if (cut + 1 < lines.length) {
      assert.notEqual((await verifyExport(said.toSpliced(1, 1))).fault, null);
    }
    if (cut > 1) {
      // What is known of an entry that was deleted cannot be checked, unless the cut itself is known.
      const earlier = anchorOf(lines[0]!);
      assert.match(
        (await verifyExport(said, [earlier])).fault!.text,
        /before the file's beginning/,
      );
      assert.equal((await verifyExport(said, [earlier, anchor])).fault, null);
    }
    // It is the first line or none.
    assert.notEqual((await verifyExport([...lines, said[0]!])).fault, null);
    assert.notEqual((await verifyExport([said[0]!, said[0]!])).fault, null);
  }));
});

Deno.test("verifyExport() finds what is changed, doubled or out of order behind a deleted beginning", async () => {
  await fc.assert(fc.asyncProperty(subjects, fc.nat(), fc.nat(), async (given, a, b) => {
    const lines = chain(["gone", ...given]);
    const said = kept(lines, 1);
    const [first, second] = [1 + a % (said.length - 1), 1 + b % (said.length - 1)];
    assert.notEqual((await verifyExport(said.toSpliced(first, 0, said[first]!))).fault, null);
    const other = said[first]!.replace('"token.minted"', '"token.revoked"');
    assert.notEqual((await verifyExport(said.with(first, other))).fault, null);
    if (first < said.length - 1) {
      assert.notEqual((await verifyExport(said.toSpliced(first, 1))).fault, null);
    }
    if (first === second) return;
    const swapped = said.with(first, said[second]!).with(second, said[first]!);
    assert.notEqual((await verifyExport(swapped)).fault, null);
  }));
});
