import type { Sql } from "../../lib/postgres/mod.ts";
import { loadFile, type LoadInput, type LoadReport } from "../../lib/ingest/load/mod.ts";

/** A file that is loaded: bytes, text, or parts that are made anew each time it is opened. */
export type FileContent = string | Uint8Array | (() => Iterable<Uint8Array>);

/** Loads a file that a test made. */
export function loadText(
  owner: Sql,
  fileName: string,
  content: FileContent,
  more: Partial<Omit<LoadInput, "options">> & { options?: Partial<LoadInput["options"]> } = {},
): Promise<LoadReport> {
  const parts = typeof content === "function"
    ? content
    : () => [typeof content === "string" ? new TextEncoder().encode(content) : content];
  const { options, ...rest } = more;
  return loadFile({
    owner,
    open: () => ReadableStream.from(parts()),
    fileName,
    ingestId: crypto.randomUUID(),
    newTables: "open",
    author: { access: "owner", by: {} },
    sha256: null,
    signal: new AbortController().signal,
    ...rest,
    options: { mode: "create", ...options },
  });
}
