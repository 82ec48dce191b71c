import type { z } from "zod";
import type { Ability } from "../principal.ts";
import type { ToolAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import type { Table } from "./manifest/compile.ts";

/** A JSON Schema (2020-12). */
export type JsonSchema = { readonly [keyword: string]: unknown };

interface ToolText {
  readonly name: string;
  readonly title: string;
  /** What it does and when to use it, for a model. */
  readonly description: string;
  readonly ability: Ability;
  /** A second ability that it needs. */
  readonly also?: Ability;
  /** Any one of these does in the place of `ability`. */
  readonly anyOf?: readonly Ability[];
  /** Present on tools that change rows. */
  readonly writes?: {
    /** Whether it can take something away; adding rows cannot. */
    readonly destructive: boolean;
  };
  /** Present on tools that are of use only where rows can be changed. */
  readonly follows?: true;
  readonly output: JsonSchema;
}

/**
 * A tool on one table. Its arguments do not hold the table: whether that is an argument or bound is for
 * the list and the runner to say.
 */
export interface TableTool<Args = unknown> extends ToolText {
  readonly on: "table";
  readonly args: z.ZodObject & z.ZodType<Args>;
  run(call: Call, table: Table, args: Args): Promise<ToolAnswer>;
}

/** A tool on the whole endpoint. */
export interface EndpointTool<Args = unknown> extends ToolText {
  readonly on: "endpoint";
  readonly args: z.ZodObject & z.ZodType<Args>;
  run(call: Call, args: Args): Promise<ToolAnswer>;
}

/** Any tool. */
export type Tool = TableTool | EndpointTool;

/** Declares a tool on a table, with the type of its arguments taken from their schema. */
export function tableTool<Schema extends z.ZodObject>(
  tool: Omit<TableTool<z.infer<Schema>>, "on" | "args"> & { readonly args: Schema },
): Tool {
  return { ...tool, on: "table" } as unknown as Tool;
}

/** Declares a tool on the endpoint. */
export function endpointTool<Schema extends z.ZodObject>(
  tool: Omit<EndpointTool<z.infer<Schema>>, "on" | "args"> & { readonly args: Schema },
): Tool {
  return { ...tool, on: "endpoint" } as unknown as Tool;
}

const rowsProperty = { type: "array", items: { type: "object" } };

/** What tools that answer pages answer. */
export const PAGE_OUTPUT: JsonSchema = {
  type: "object",
  properties: {
    rows: rowsProperty,
    truncated: { type: "boolean", description: "More rows exist" },
    next_cursor: { type: "string" },
    values_cut: { type: "boolean" },
    total: { type: "integer" },
  },
  required: ["rows", "truncated"],
};
