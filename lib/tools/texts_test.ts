import assert from "node:assert/strict";
import { CATALOGUE } from "./catalogue.ts";
import { compileManifest } from "./manifest/compile.ts";
import type { ManifestTable } from "./manifest/shape.ts";
import type { Principal } from "../principal.ts";
import {
  instructions,
  listResources,
  llmsTxt,
  readResource,
  resourceTemplates,
  toolList,
} from "./mod.ts";

const table = (name: string, rows: number | null = 3): ManifestTable => ({
  name,
  comment: null,
  stored: true,
  rows,
  exact: rows !== null,
  columns: [{
    name: "id",
    type: "integer",
    cast: "pg_catalog.int4",
    kind: "integer",
    nullable: false,
    comment: "Id of the\nthing",
    insertable: false,
    updatable: false,
    required: false,
  }],
  deletable: false,
  primaryKey: ["id"],
  uniqueKeys: [],
  foreignKeys: name === "b/c" ? [{ columns: ["id"], table: "a", references: ["id"] }] : [],
  indexes: [["id"]],
  search: null,
});

const endpoint = {
  id: "018f3c1e-0000-7000-8000-000000000000",
  tenantId: "018f3c1e-0000-7000-8000-000000000001",
  slug: "films-01234567",
  name: "Films",
  manifestVersion: 1,
  settings: { textFormat: "compact", publicLlmsTxt: true, newTables: "auto" },
} as never as Parameters<typeof llmsTxt>[1];

const manifest = compileManifest(endpoint, 1, { tables: [table("a", 1), table("b/c")] });
const reader = { abilities: new Set(["rows:read"]) } as never as Principal;

Deno.test("readResource() answers each listed resource and no other address", () => {
  const listed = listResources(manifest);
  assert.deepEqual(listed.map(({ uri }) => uri), [
    "bulkhead://films-01234567/tables/a",
    "bulkhead://films-01234567/tables/b%2Fc",
  ]);
  for (const { uri, name } of listed) {
    const contents = readResource(manifest, uri)!;
    assert.equal(contents.uri, uri);
    assert.equal(JSON.parse(contents.text).name, name);
  }
  assert.deepEqual(JSON.parse(readResource(manifest, listed[0]!.uri)!.text).referenced_by, [
    { table: "b/c", columns: ["id"] },
  ]);
  for (
    const other of [
      "bulkhead://films-01234567/tables/",
      "bulkhead://films-01234567/tables/%",
      "bulkhead://films-01234567/tables/../a",
      "bulkhead://films-01234567/tables/__proto__",
      "bulkhead://other/tables/a",
      "file:///etc/passwd",
      "",
    ]
  ) assert.equal(readResource(manifest, other), null);
  assert.equal(
    resourceTemplates(manifest)[0]!.uriTemplate,
    "bulkhead://films-01234567/tables/{table}",
  );
});

Deno.test("instructions() and llmsTxt() name what there is, on lines of their own", () => {
  assert.match(instructions(manifest), /a \(1 row\), b\/c \(3 rows\)/);
  const text = llmsTxt(manifest, endpoint, new URL("https://data.example/"));
  assert.match(text, /^# Films\n\n> /);
  assert.match(text, /https:\/\/data\.example\/mcp\/films-01234567/);
  assert.match(text, /^- b\/c \(3 rows\): id integer\n {2}- id → a \(id\)$/m);
  assert.match(text, /^- aggregate_rows: /m);
  const empty = compileManifest(endpoint, 0, { tables: [] });
  assert.equal(instructions(empty), "This endpoint holds no tables yet.");
  assert.deepEqual(JSON.parse(toolList(empty, reader)).map((tool: { name: string }) => tool.name), [
    "describe_tables",
  ]);
});

Deno.test("instructions() and toolList() stay small however many tables there are", () => {
  const many = compileManifest(endpoint, 1, {
    tables: Array.from({ length: 2_000 }, (_, i) => table(`table_number_${i}`, null)),
  });
  assert.match(instructions(many), /and 1960 more/);
  assert.ok(toolList(many, reader).length < 16_000);
});

Deno.test("toolList() is made once a manifest and permission set", () => {
  assert.equal(toolList(manifest, reader), toolList(manifest, { ...reader }));
  assert.equal(manifest.texts.size, 1);
});

const writable = compileManifest(endpoint, 1, {
  tables: [{
    ...table("a"),
    columns: [{ ...table("a").columns[0]!, insertable: true, updatable: true }],
    deletable: true,
  }],
});
const everything = {
  abilities: new Set([
    "rows:read",
    "rows:insert",
    "rows:update",
    "rows:delete",
    "activity:read",
  ]),
} as never as Principal;

interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: Readonly<Record<string, unknown>>;
}

Deno.test("toolList() gives every tool a title and all four hints (MCP 2026-07-28, ToolAnnotations)", () => {
  const tools = JSON.parse(toolList(writable, everything)) as ListedTool[];
  assert.deepEqual(tools.map(({ name }) => name), CATALOGUE.map(({ name }) => name));
  const writing = new Map<string, boolean>([
    ["insert_rows", false],
    ["update_row", true],
    ["delete_row", true],
    ["upsert_rows", true],
    ["update_rows", true],
    ["delete_rows", true],
    ["undo_change", true],
  ]);
  for (const { name, title, annotations } of tools) {
    const destructiveHint = writing.get(name);
    const writes = destructiveHint !== undefined;
    assert.deepEqual(annotations, {
      title,
      readOnlyHint: !writes,
      destructiveHint: destructiveHint ?? false,
      idempotentHint: !writes,
      openWorldHint: false,
    }, name);
  }
});

/** Every text that a tool list holds for a model, with where it stands. */
function* descriptions(part: unknown, path: string): Generator<[string, string]> {
  if (part === null || typeof part !== "object") return;
  for (const [key, value] of Object.entries(part)) {
    if (key === "description" && typeof value === "string") yield [path, value];
    else yield* descriptions(value, `${path}.${key}`);
  }
}

// What a tool does is said with a verb, and only at the beginning of its description.
const DOES = /^(?:Add|Browse|Change|Compute|Count|Delete|Find|List|Read|Take back|What)\b/;
const ORDERS =
  /\b(?:must|should|shall|always|never|do not|don't|need to|have to|make sure|please|important|instead|remember)\b/i;
const COMMANDS =
  /(?:^|[.;:] )(?:ask|avoid|call|check|choose|confirm|consider|ensure|follow|give|ignore|include|invoke|keep|leave|let|name|pass|prefer|provide|query|repeat|return|run|send|set|show|start|stop|tell|treat|try|use|wait|write)\b/i;
const CHAINED = /\b(?:call|use|ask|try|run|prefer)\s+(?:this|[a-z]+_[a-z]+)\b/i;

Deno.test("no tool's texts give the model orders: they say what it does and takes", () => {
  const tools = JSON.parse(toolList(writable, everything)) as ListedTool[];
  let texts = 0;
  for (const tool of tools) {
    assert.match(tool.description, DOES, tool.name);
    for (const [path, text] of descriptions(tool, tool.name)) {
      texts++;
      for (const order of [ORDERS, COMMANDS, CHAINED]) assert.doesNotMatch(text, order, path);
    }
  }
  assert.ok(texts > 50, `${texts}`);
});
