import type { TenantId } from "../ids.ts";
import type { Control } from "../postgres/mod.ts";
import { type ChainedEntry, selectChain } from "./activity_store.ts";
import { HASHED_FIELDS } from "./chain.ts";

const PAGE = 500;

/** One line of an NDJSON export, which `verifyExport` checks; `detail` stands as Postgres wrote it. */
export function exportLine(entry: ChainedEntry): string {
  const fields = HASHED_FIELDS.map((name) => {
    const exact = name === "detail" || name === "seq";
    return `"${name}":${exact ? entry[name] : JSON.stringify(entry[name])}`;
  });
  const hashes = `"previous_hash":"${entry.previous_hash}","hash":"${entry.hash}"`;
  return `{${fields.join(",")},${hashes}}\n`;
}

// A cell that begins with one of these would be run as a formula by a spreadsheet.
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: string | null): string {
  const text = value === null ? "" : FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line of a CSV export (RFC 4180), for people and spreadsheets. */
export function csvLine(entry: ChainedEntry): string {
  return [...HASHED_FIELDS.map((name) => entry[name]), entry.hash].map(cell).join(",") + "\r\n";
}

/** The forms of an export. */
export type ExportFormat = "ndjson" | "csv";

/** A tenant's whole log, oldest entry first, read page by page as it is taken. */
export function exportAudit(
  control: Control,
  tenantId: TenantId,
  format: ExportFormat,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let after = 0n;
  let head = format === "csv" ? [...HASHED_FIELDS, "hash"].join(",") + "\r\n" : "";
  return new ReadableStream({
    async pull(controller) {
      const page = await control.tenant(tenantId, (tx) => selectChain(tx, after, PAGE));
      const lines = page.map(format === "csv" ? csvLine : exportLine).join("");
      if (head || lines) controller.enqueue(encoder.encode(head + lines));
      head = "";
      const last = page.at(-1);
      if (!last || page.length < PAGE) return controller.close();
      after = BigInt(last.seq);
    },
  }, { highWaterMark: 0 });
}
