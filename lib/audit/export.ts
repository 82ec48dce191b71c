import type { TenantId } from "../ids.ts";
import type { Control } from "../postgres/mod.ts";
import { type Anchor, HASHED_FIELDS } from "./chain.ts";
import { type ChainedEntry, selectChain, selectDropped } from "./chain_store.ts";

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

/** The first line of an NDJSON export whose tenant's first entries are no longer kept. */
export function droppedLine(tenantId: TenantId, { seq, hash }: Anchor): string {
  return `{"tenant_id":"${tenantId}","deleted_through":${seq},"hash":"${hash}"}\n`;
}

const CSV_HEAD = [...HASHED_FIELDS, "hash"].join(",") + "\r\n";

/**
 * A tenant's whole log, oldest entry first, read page by page as it is taken. Breaks off where what
 * comes next is dropped meanwhile.
 */
export function exportAudit(
  control: Control,
  tenantId: TenantId,
  format: ExportFormat,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let after: bigint | null = null;
  return new ReadableStream({
    async pull(controller) {
      const { page, dropped } = await control.tenant(tenantId, async (tx) => ({
        page: await selectChain(tx, after ?? 0n, PAGE),
        // After the page: what it lacks because it was dropped is known by then.
        dropped: await selectDropped(tx),
      }));
      const start = dropped?.seq ?? 0n;
      let head = "";
      if (after === null) {
        after = start;
        head = format === "csv" ? CSV_HEAD : dropped ? droppedLine(tenantId, dropped) : "";
      } else if (start > after) {
        return controller.error(new Error("the entries that come next were dropped"));
      }
      const lines = page.filter(({ seq }) => BigInt(seq) > start)
        .map(format === "csv" ? csvLine : exportLine).join("");
      if (head || lines) controller.enqueue(encoder.encode(head + lines));
      const last = page.at(-1);
      if (!last || page.length < PAGE) return controller.close();
      if (BigInt(last.seq) > after) after = BigInt(last.seq);
    },
  }, { highWaterMark: 0 });
}
