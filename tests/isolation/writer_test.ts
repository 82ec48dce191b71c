import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { connect, type Sql } from "../../lib/postgres/mod.ts";
import { connected, outcome, state, unrefused } from "./direct.ts";
import { HOSTILE_STATEMENTS, ROW_CHANGES } from "./statements.ts";
import {
  BLIND_ANSWERED,
  BLIND_CHANGES_ANSWERED,
  BLIND_CHANGES_REFUSED,
  BLIND_REFUSED,
  WRITER_REFUSED,
} from "./writer_statements.ts";
import { CANARIES, writingWorld } from "./writing_world.ts";

/** Everything that a statement brings back: rows, copied lines, the error with all its fields, notices. */
async function told(url: URL, statement: string): Promise<string> {
  const heard: string[] = [];
  const sql = connect(url.href, { max: 1, onNotice: (text) => void heard.push(text) });
  try {
    await sql`SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE`;
    if (statement.startsWith("COPY")) {
      const reserved = await sql.reserve();
      const { connection } = reserved.client as unknown as { connection: EventEmitter };
      // As the driver hears them: the stream of pg-copy-streams waits for the socket to become
      // readable, which Deno's never tells once it was read otherwise.
      connection.on("copyData", ({ chunk }: { chunk: Uint8Array }) => {
        heard.push(new TextDecoder().decode(chunk));
      });
      try {
        await reserved.client.query(statement);
      } finally {
        // A refused copy, too, gives back the only connection, for which the rollback would wait.
        reserved.release();
      }
    } else {
      heard.push(JSON.stringify(await sql.unsafe(statement)));
    }
  } catch (error) {
    const { message, detail, hint, where, query: _own, ...rest } = error as Record<string, unknown>;
    heard.push(JSON.stringify([message, detail, hint, where, rest]));
    // The driver tells the statement, too, which holds what the caller said itself.
    heard.splice(0, heard.length, ...heard.map((text) => text.replaceAll(statement, "")));
  } finally {
    await sql`ROLLBACK`.catch(() => {});
    await sql.end({ timeout: 1 });
  }
  return heard.join("\n");
}

async function shown(
  url: URL,
  statements: readonly string[],
  takenBack = false,
): Promise<string[]> {
  const faults: string[] = [];
  for (const statement of statements) {
    const text = await told(
      url,
      takenBack ? `BEGIN; ${statement.replace("BEGIN; ", "")}` : statement,
    );
    const canary = CANARIES.find((one) => text.includes(one));
    if (canary && !statement.includes(canary)) faults.push(`${statement}: ${text}`);
    if (/22012|division by zero|invalid input syntax/.test(text) && !/level - 3/.test(statement)) {
      faults.push(`${statement}: ${text}`);
    }
  }
  return faults;
}

// Locks on tables are Postgres' own matter: see "what a writer can hold" below.
const LOCKS = /LOCK TABLE public\.customer/;

Deno.test("with writing on, the database refuses the writer every hostile statement", async () => {
  await using world = await writingWorld();
  const before = await state(world.writer);
  const statements = [
    ...HOSTILE_STATEMENTS.filter(({ sql }) => !LOCKS.test(sql)),
    ...WRITER_REFUSED,
    ...BLIND_REFUSED,
    ...BLIND_CHANGES_REFUSED,
  ];
  assert.ok(statements.length > 300, String(statements.length));
  assert.deepEqual(await unrefused(world.writer, statements), []);
  assert.deepEqual(await state(world.writer), before);
});

Deno.test("with writing on, the database refuses the reader all that it refuses the writer", async () => {
  await using world = await writingWorld();
  const before = await state(world.reader);
  const copies = /^COPY customer \(id, name\) FROM/;
  const statements = [
    ...HOSTILE_STATEMENTS,
    ...ROW_CHANGES,
    ...WRITER_REFUSED.filter(({ sql }) => !copies.test(sql)),
    ...BLIND_REFUSED,
    ...BLIND_CHANGES_REFUSED,
  ];
  assert.deepEqual(await unrefused(world.reader, statements), []);
  assert.deepEqual(await state(world.reader), before);
});

Deno.test("no statement shows a reader or writer what is hidden or filtered", async () => {
  await using world = await writingWorld();
  assert.deepEqual(await shown(world.reader, BLIND_ANSWERED), []);
  assert.deepEqual(await shown(world.writer, BLIND_ANSWERED), []);
  const seen = await shown(world.owner, BLIND_ANSWERED);
  assert.ok(seen.length > 12, `what the owner is shown is found: ${seen.length}`);
  assert.ok(seen.some((one) => one.startsWith("COPY place TO")), "copied lines are heard, too");
});

Deno.test("no change shows a writer what is hidden or filtered", async () => {
  await using world = await writingWorld();
  const before = await state(world.writer);
  assert.deepEqual(await shown(world.writer, BLIND_CHANGES_ANSWERED, true), []);
  assert.deepEqual(await state(world.writer), before);
});

/** The rows of all tables by table and key, as the owner sees them. */
async function rowsOf(owner: Sql): Promise<Map<string, string>> {
  const tables = ["customer", "staff", "place", "visit", "entry", "measure"];
  const found = new Map<string, string>();
  for (const table of tables) {
    const rows = await owner.unsafe(`SELECT id::text, to_jsonb(t)::text AS row FROM ${table} t`);
    for (const { id, row } of rows) found.set(`${table} ${id}`, row);
  }
  return found;
}

/** What rows would be after the journal's entries past `since`, starting with `rows`. */
async function replayed(owner: Sql, rows: Map<string, string>, since: string) {
  const after = new Map(rows);
  const entries = await owner`
    SELECT op, table_name, key ->> 'id' AS id, before::text, after::text FROM bulkhead.journal
    WHERE id > ${since}::bigint ORDER BY id`;
  for (const { op, table_name, id, before, after: image } of entries) {
    const at = `${table_name} ${id}`;
    assert.equal(after.get(at), before ?? undefined, `the image before of ${op} ${at}`);
    if (image === null) after.delete(at);
    else after.set(at, image);
  }
  return { after, entries: entries.length };
}

/** Sessions as somebody would set them up so that changes pass by the journal, or are kept wrongly. */
const SESSIONS = [
  "SELECT",
  "SET bulkhead.loading = on",
  "SELECT set_config('bulkhead.loading', 'on', false)",
  "SET CONSTRAINTS ALL DEFERRED",
  "SET extra_float_digits = -15",
  "SET DateStyle = 'SQL, DMY'",
  "SET IntervalStyle = 'sql_standard'; SET TimeZone = 'Asia/Tokyo'; SET bytea_output = 'escape'",
  "SET bulkhead.change = ''",
  `SET bulkhead.change = '{"by":{"user":"somebody else"},"undoes":1}'`,
  `SET bulkhead.change = '["key"]'`,
  `SET bulkhead.change = '{"change":"no uuid"}'`,
  "SET bulkhead.change = '{'",
  `SET bulkhead.change = '{"undoes":"x"}'`,
  `SET bulkhead.change = '{"key":"k"}'`,
  "SET search_path = pg_temp",
  "SET jit = on; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan",
  "SET lock_timeout = 1; SET synchronous_commit = off; SET default_transaction_isolation = serializable",
];

/** Ways to change rows. */
const CHANGES = [
  "UPDATE public.customer SET name = name || 'x'",
  "UPDATE public.measure SET f = f, at = at",
  "UPDATE public.measure SET f = f + 1",
  "INSERT INTO public.customer (id, name) VALUES (50, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y'",
  "INSERT INTO public.customer (id, name) VALUES (50, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y'",
  "MERGE INTO public.staff s USING (VALUES (1), (60)) v(id) ON s.id = v.id WHEN MATCHED THEN UPDATE SET level = level + 1 WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.id, 'x')",
  "WITH a AS (UPDATE public.visit SET note = 'x' RETURNING customer_id), b AS (INSERT INTO public.entry VALUES (70, 'x')) SELECT * FROM a",
  "BEGIN; DECLARE c CURSOR FOR SELECT * FROM public.place FOR UPDATE; FETCH c; UPDATE public.place SET name = 'x' WHERE CURRENT OF c; COMMIT",
  "PREPARE p AS UPDATE public.visit SET note = $1; EXECUTE p('y')",
  "BEGIN; SAVEPOINT s; DELETE FROM public.visit; ROLLBACK TO s; INSERT INTO public.visit (note) VALUES ('x'); COMMIT",
  // What the visits follow.
  "DELETE FROM public.customer WHERE id = 1",
  "DELETE FROM public.staff WHERE id = 60",
  "DELETE FROM public.customer WHERE id = 50",
];

Deno.test("whatever a writer's session is set to, the journal holds every change as it was", async () => {
  await using world = await writingWorld();
  await connected(world.owner, async (owner) => {
    await owner`SET TimeZone = 'UTC'`;
    const start = await rowsOf(owner);
    let kept = 0;
    for (const session of SESSIONS) {
      await connected(world.writer, async (writer) => {
        await outcome(writer, session);
        for (const change of CHANGES) {
          const before = await rowsOf(owner);
          const [{ last }] = await owner`
            SELECT coalesce(max(id), 0)::text AS last FROM bulkhead.journal` as unknown as [
            { last: string },
          ];
          await outcome(writer, change);
          await outcome(writer, "ROLLBACK");
          const { after, entries } = await replayed(owner, before, last);
          assert.deepEqual(after, await rowsOf(owner), `${session}: ${change}`);
          kept += entries;
        }
      });
      // Back to the beginning for the next session.
      await owner.unsafe(`
        SET bulkhead.loading = on; TRUNCATE customer, visit, entry;
        DELETE FROM staff WHERE id = 60; DELETE FROM measure`);
      for (const [at, row] of start) {
        const table = at.split(" ")[0]!;
        if (table === "staff" || table === "place") continue;
        await owner.unsafe(
          `INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1::text::jsonb)
           ON CONFLICT DO NOTHING`,
          [row],
        );
      }
      await owner`SET bulkhead.loading = off`;
    }
    assert.ok(kept > 150, String(kept));
    const [{ waiting, all }] = await owner`
      SELECT (SELECT count(*) FROM bulkhead.outbox) AS waiting,
        (SELECT count(*) FROM bulkhead.journal) AS all` as unknown as [
      { waiting: string; all: string },
    ];
    assert.equal(waiting, all, "each entry waits for the relay");
  });
});
