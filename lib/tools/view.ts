import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { describeTable, type TableDescription } from "./describe_tables.ts";
import { createCall } from "./call.ts";
import { toolsFor } from "./list.ts";
import type { CompiledManifest } from "./manifest/compile.ts";
import { loadManifest } from "./manifest/load.ts";
import { recount } from "./recount.ts";

/** A tool as people read of it. */
export interface ToolView {
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

/** A table as people read of it. */
export interface TableView extends TableDescription {
  /** Whether words are found through a full-text index. */
  readonly searchable: boolean;
}

/** A manifest as people read it. */
export interface ManifestView {
  /** 0 where none was built yet. */
  readonly version: number;
  readonly tables: readonly TableView[];
  readonly tools: readonly ToolView[];
}

function tableViews(manifest: CompiledManifest): TableView[] {
  return [...manifest.tables.values()].map((table) => ({
    ...describeTable(manifest, table),
    searchable: table.search !== null,
  }));
}

/** The manifest as the principal has it, with rows as they are now. */
export async function countedManifest(
  services: Services,
  scope: EndpointScope,
): Promise<CompiledManifest> {
  const manifest = await loadManifest(services, scope);
  return await recount(createCall(services, scope, manifest));
}

/** What an endpoint holds and offers, for its pages and for `/v1`. */
export async function readManifest(
  services: Services,
  scope: EndpointScope,
): Promise<ManifestView> {
  const manifest = await countedManifest(services, scope);
  return {
    version: manifest.version,
    tables: tableViews(manifest),
    tools: toolsFor(manifest, scope.principal)
      .map(({ name, title, description }) => ({ name, title, description })),
  };
}
