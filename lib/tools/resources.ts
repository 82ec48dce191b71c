import type { EndpointScope } from "../principal.ts";
import { allowedOn } from "./allowed.ts";
import { describeTable, sizeOf } from "./describe_tables.ts";
import type { CompiledManifest } from "./manifest/compile.ts";

/** An entry of `resources/list`. */
export interface ResourceEntry {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
}

/** An entry of `resources/templates/list`. */
export interface ResourceTemplate {
  readonly uriTemplate: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
}

/** What `resources/read` answers of one resource. */
export interface ResourceContents {
  readonly uri: string;
  readonly mimeType: string;
  readonly text: string;
}

const JSON_TYPE = "application/json";

const prefix = (manifest: CompiledManifest) => `bulkhead://${manifest.slug}/tables/`;

/** The schema of each table as a resource. */
export function listResources(manifest: CompiledManifest): ResourceEntry[] {
  return [...manifest.tables.values()].map((table) => ({
    uri: prefix(manifest) + encodeURIComponent(table.name),
    name: table.name,
    title: `Table ${table.name}`,
    description: `Schema of the table ${table.name} (${sizeOf(table)})`,
    mimeType: JSON_TYPE,
  }));
}

/** The form of the resources' addresses. */
export function resourceTemplates(manifest: CompiledManifest): ResourceTemplate[] {
  return [{
    uriTemplate: `${prefix(manifest)}{table}`,
    name: "table",
    title: "Table schema",
    description: "Columns, types and keys of a table, as JSON",
    mimeType: JSON_TYPE,
  }];
}

/** Reads a resource, for who may do there what `scope` says; null where it is none of this endpoint's. */
export function readResource(
  manifest: CompiledManifest,
  uri: string,
  scope?: Pick<EndpointScope, "principal" | "endpoint">,
): ResourceContents | null {
  const start = prefix(manifest);
  if (!uri.startsWith(start)) return null;
  let name: string;
  try {
    name = decodeURIComponent(uri.slice(start.length));
  } catch {
    return null;
  }
  const table = manifest.tables.get(name);
  if (!table) return null;
  const description = describeTable(manifest, table, scope && allowedOn(scope, table));
  return { uri, mimeType: JSON_TYPE, text: JSON.stringify(description) };
}
