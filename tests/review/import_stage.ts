import assert from "node:assert/strict";
import { enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import type { ChangeId, Slug } from "../../lib/ids.ts";
import { serveIngests } from "../../lib/ingest/mod.ts";
import { undoChanges } from "../../lib/journal/mod.ts";
import type { Ability, EndpointScope, EndpointSettings } from "../../lib/principal.ts";
import {
  approveChange,
  listReview,
  readReview,
  rebuildManifest,
  rejectChange,
  setRules,
  setWrites,
  type TableRules,
} from "../../lib/tools/mod.ts";
import { OPEN_RULES } from "../../lib/tools/mod.ts";
import { type Json, type RestAnswer, RestClient, startRest, testToken } from "../harness/mod.ts";

/** What a token needs to add rows by files, and to put a file in place of rows. */
export const IMPORTER: readonly Ability[] = [
  "files:write",
  "files:read",
  "rows:insert",
  "rows:delete",
];

const ITEMS = "id,name,price,country,secret\n1,nut,1.50,NO,canary1\n2,bolt,2.50,NO,canary2\n" +
  "3,gear,3.50,SE,canary3\n";

/** An endpoint with a table `item` of a person, a worker that imports, and tokens over `/v1`. */
export async function importStage(writes: EndpointSettings["writes"] = "direct") {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await startRest());
  const { services, tenant } = test;
  const worker = await serveIngests(services, async (scope) => {
    await rebuildManifest(services, scope, "data loaded");
  });
  stack.defer(() => worker.stop());
  const all = await test.client();
  const { slug } = await all.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const at = `/v1/endpoints/${slug}`;
  const enter = (): Promise<EndpointScope> => enterEndpoint(services, tenant.scope, slug as Slug);
  const rows = async (query: string) => {
    const lease = await openEndpoint(services, await enter(), "owner");
    try {
      return [...await lease.sql.unsafe(query)] as Json[];
    } finally {
      lease.release();
    }
  };
  const send = (client: RestClient, body: string, query = "", name = "item.csv") =>
    client.raw("POST", `${at}/files?file_name=${name}&${query}`, {
      body,
      headers: { "content-type": "text/csv" },
    });
  const settle = async (answer: RestAnswer): Promise<Json> => {
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    const { pathname } = new URL(answer.headers.get("location")!);
    for (;;) {
      const ingest = await all.ok(200, "GET", pathname);
      if (ingest["finished_at"] !== null || ingest["status"] === "waiting") return ingest;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  const stage = {
    services,
    tenant,
    at,
    all,
    enter,
    rows,
    send,
    settle,
    client: async (
      abilities: readonly Ability[] = IMPORTER,
      more: { review?: boolean; scope?: "mcp" | "mcp:write" } = {},
    ) =>
      new RestClient(
        test.origin,
        await testToken(services, tenant, { abilities, ...more } as never),
      ),
    /** Sends as a token and waits for where it comes to rest. */
    load: async (client: RestClient, body: string, query = "", name = "item.csv") =>
      await settle(await send(client, body, query, name)),
    rules: async (rules: Partial<TableRules>, table = "item") =>
      setRules(services, await enter(), table, { ...OPEN_RULES, ...rules }),
    writes: async (mode: EndpointSettings["writes"]) => setWrites(services, await enter(), mode),
    waiting: async () => {
      const page = { state: "queued", after: null, limit: 100 } as const;
      return (await listReview(services, await enter(), page, { rows: 20, shown: null })).changes;
    },
    /** Looks at every row that is kept, and approves; with a version, just that. */
    approve: async (id: string, version: string | null = null) => {
      const scope = await enter();
      const view = await readReview(services, scope, id as ChangeId, { rows: 50, shown: 50 });
      await approveChange(services, scope, id as ChangeId, {
        version: version ?? view.version ?? "",
        unseen: view.unseen ?? 0,
      });
    },
    reject: async (id: string) => rejectChange(services, await enter(), id as ChangeId, null),
    /** Waits until an import is where it can be by no more than its job. */
    over: async (id: unknown, ...states: string[]): Promise<Json> => {
      for (;;) {
        const ingest = await all.ok(200, "GET", `${at}/ingests/${id}`);
        if (states.includes(ingest["status"] as string)) return ingest;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    },
    undo: async (change: unknown, preview = false) =>
      undoChanges(
        services,
        await enter(),
        { kind: "change", change: change as ChangeId },
        { preview },
      ),
    items: () => rows("SELECT id, name, price::text, country, secret FROM item ORDER BY id"),
    imports: () =>
      rows(
        `SELECT i.mode, j.table_name, i.added::int, i.removed::int, j.context ->> 'token' AS token
        FROM bulkhead.import_entries i JOIN bulkhead.journal j ON j.id = i.entry ORDER BY i.entry`,
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  const made = await stage.load(all, ITEMS);
  assert.equal(made["status"], "done", JSON.stringify(made));
  if (writes !== "off") await stage.writes(writes);
  return stage;
}

/** What `importStage` makes. */
export type ImportStage = Awaited<ReturnType<typeof importStage>>;

/** A file for `item` of these rows. */
export const items = (...rows: string[]) =>
  `id,name,price,country,secret\n${rows.map((row) => `${row}\n`).join("")}`;
