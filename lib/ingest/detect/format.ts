import { AppError } from "../../errors.ts";

/** The formats that are read. */
export type Format = "csv" | "tsv" | "json" | "ndjson";

/** Beginnings of files that people take for tables and that no parser here reads. */
const SIGNATURES: readonly (readonly [string, readonly number[]])[] = [
  ["a zip archive or a workbook", [0x50, 0x4b, 0x03, 0x04]],
  ["a PDF document", [0x25, 0x50, 0x44, 0x46]],
  ["a gzip archive", [0x1f, 0x8b]],
  ["a Parquet file", [0x50, 0x41, 0x52, 0x31]],
  ["an old Office document", [0xd0, 0xcf, 0x11, 0xe0]],
  ["an image", [0x89, 0x50, 0x4e, 0x47]],
];

/** Refuses a file whose first bytes say that it is of another kind. Throws UNSUPPORTED_FORMAT. */
export function refuseOtherFormats(head: Uint8Array): void {
  for (const [kind, bytes] of SIGNATURES) {
    if (bytes.every((byte, index) => head[index] === byte)) {
      throw new AppError(
        "UNSUPPORTED_FORMAT",
        `The file is ${kind}. Send CSV, TSV, JSON or NDJSON.`,
      );
    }
  }
  // A stray control character is a bad row; many of them are no text.
  const controls = head.reduce((sum, byte) => sum + (isControl(byte) ? 1 : 0), 0);
  if (controls > 8 && controls > head.length / 50) {
    throw new AppError("UNSUPPORTED_FORMAT", "The file is no text. Send CSV, TSV, JSON or NDJSON.");
  }
}

/** Whether a byte is a control character other than tab, line feed and the like. */
const isControl = (byte: number) => byte < 9 || (byte > 13 && byte < 32);

/** Finds the format by what the text begins with; the name decides only what the text leaves open. */
export function detectFormat(sample: string, fileName: string): Format {
  const text = sample.trimStart();
  if (/\.(?:ndjson|jsonl)$/i.test(fileName)) return "ndjson";
  if (text.startsWith("[") && (/\.json$/i.test(fileName) || /^\[\s*(?:[[{\]"\d-]|$)/.test(text))) {
    return "json";
  }
  if (text.startsWith("{")) return detectObject(text);
  if (/\.json$/i.test(fileName)) return "json";
  return /\.(?:tsv|tab)$/i.test(fileName) ? "tsv" : "csv";
}

/** Objects on lines of their own are NDJSON; one object is JSON, however it is laid out. */
function detectObject(text: string): Format {
  const [first, ...rest] = text.split(/\r\n|\n|\r/);
  try {
    JSON.parse(first!);
  } catch {
    return "json";
  }
  return rest.some((line) => line.trim() !== "") ? "ndjson" : "json";
}
