import { z } from "zod";
import { type Ability, mayLetWrite, type Principal } from "../principal.ts";
import { CATALOGUE } from "./catalogue.ts";
import type { CompiledManifest } from "./manifest/compile.ts";
import { OPERATORS } from "./sql/filter.ts";
import type { JsonSchema, Tool } from "./tool.ts";

// Past this, naming every table in every tool would cost a model more than it helps.
const ENUM_CHARS = 4_000;

function tableSchema(manifest: CompiledManifest): JsonSchema {
  const names = [...manifest.tables.keys()];
  return JSON.stringify(names).length <= ENUM_CHARS
    ? { type: "string", enum: names }
    : { type: "string", description: "A name from describe_tables" };
}

/** What the tools' input schemas refer to. The server refuses what is not named: that need not be told. */
function definitions(manifest: CompiledManifest): Record<string, JsonSchema> {
  const filters = { type: "array", items: { $ref: "#/$defs/filter" } };
  return {
    table: tableSchema(manifest),
    tables: { type: "array", items: { $ref: "#/$defs/table" } },
    // One flat object, where a choice of four would be exact: a third of the size, and what models are
    // told of the form they take from the description anyway.
    filter: {
      type: "object",
      description:
        "{column, op, value}, or one of and, or, not. in, not_in: a list; between: [low, high]; " +
        "is_null: true or false. contains, starts_with, ilike ignore case; like, ilike: % and _. " +
        "null matches is_null alone.",
      properties: {
        column: { type: "string" },
        op: { type: "string", enum: OPERATORS },
        value: {},
        and: filters,
        or: filters,
        not: { $ref: "#/$defs/filter" },
      },
    },
    key: {
      description: "The key's value, or an object of its columns",
      type: ["string", "number", "boolean", "object"],
    },
    order: {
      type: "array",
      items: {
        type: "object",
        properties: {
          column: { type: "string" },
          direction: { enum: ["asc", "desc"] },
          nulls: { enum: ["first", "last"], description: "Else last in asc, first in desc" },
        },
        required: ["column"],
      },
    },
    joins: {
      description:
        "Each is joined to the base or an earlier one by the foreign key between them; from and on " +
        "(a key column) choose among several; as renames; optional keeps rows without a match. " +
        "Joined columns: table.column.",
      type: "array",
      items: {
        type: "object",
        properties: {
          table: { $ref: "#/$defs/table" },
          as: { type: "string" },
          from: { type: "string" },
          on: { type: "string" },
          optional: { type: "boolean" },
        },
        required: ["table"],
      },
    },
  };
}

/** The definitions that a schema refers to, and those that they refer to. */
function used(schema: JsonSchema, all: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const found: Record<string, JsonSchema> = {};
  const visit = (part: JsonSchema) => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      if (found[name!]) continue;
      found[name!] = all[name!]!;
      visit(all[name!]!);
    }
  };
  visit(schema);
  return found;
}

/** What a model needs no telling of: bounds that no sensible call meets. */
const UNTOLD = ["maxLength", "minLength", "maxItems", "minItems", "pattern"] as const;

function shorten({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  for (const key of UNTOLD) delete jsonSchema[key];
  // What refers to a definition says no more than that.
  if (!jsonSchema.$ref) return;
  for (const key of Object.keys(jsonSchema)) if (key !== "$ref") delete jsonSchema[key];
}

/** A tool's input schema: its arguments, with the table among them unless it is bound. */
function inputSchema(tool: Tool, all: Record<string, JsonSchema>): JsonSchema {
  const { properties, required } = z.toJSONSchema(tool.args, {
    io: "input",
    override: shorten,
  }) as { properties: Record<string, JsonSchema>; required?: string[] };
  const onTable = tool.on === "table";
  const schema = {
    type: "object",
    properties: onTable ? { table: { $ref: "#/$defs/table" }, ...properties } : properties,
    required: [...(onTable ? ["table"] : []), ...(required ?? [])],
    additionalProperties: false,
  };
  return { ...schema, $defs: used(schema, all) };
}

/** All of the protocol's hints on every tool: what is left out, clients take for the worst. */
function annotations({ title, writes }: Tool) {
  return {
    title,
    readOnlyHint: !writes,
    destructiveHint: writes?.destructive ?? false,
    // A write that is repeated without a key may be journalled, or wait for approval, a second time.
    idempotentHint: !writes,
    // The endpoint's own database and nothing beyond it.
    openWorldHint: false,
  };
}

function listing(tool: Tool, all: Record<string, JsonSchema>) {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema(tool, all),
    outputSchema: tool.output,
    annotations: annotations(tool),
  };
}

/**
 * Whether a principal is shown a tool. An app that was let in to read is shown what writes, too: when it
 * calls that, it can ask its person for more (step-up, RFC 9470). Not where that person may not write either.
 */
function isShown(tool: Tool, principal: Principal): boolean {
  if (tool.writes && principal.grantId) return mayLetWrite(principal);
  const { abilities } = principal;
  const has = (ability: Ability) => abilities.has(ability);
  return (has(tool.ability) || tool.anyOf?.some(has) === true) && (!tool.also || has(tool.also));
}

/** The tools that a principal may call. On an endpoint without tables only that can be asked. */
export function toolsFor(manifest: CompiledManifest, principal: Principal): readonly Tool[] {
  // By the writer's grants, which are taken where writes are off.
  const writable = manifest.tables.values().some((table) => table.operations.length > 0);
  return CATALOGUE.filter((tool) =>
    isShown(tool, principal) && (writable || !(tool.writes || tool.follows)) &&
    (tool.on === "endpoint" || manifest.tables.size > 0)
  );
}

/** The JSON text of the array that `tools/list` answers: made once a manifest and permission set. */
export function toolList(manifest: CompiledManifest, principal: Principal): string {
  const tools = toolsFor(manifest, principal);
  const key = `tools:${tools.map((tool) => tool.name).join(",")}`;
  let text = manifest.texts.get(key);
  if (text === undefined) {
    const all = definitions(manifest);
    text = JSON.stringify(tools.map((tool) => listing(tool, all)));
    manifest.texts.set(key, text);
  }
  return text;
}
