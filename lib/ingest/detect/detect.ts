import { AppError } from "../../errors.ts";
import { detectDialect, type Dialect, sampleRows, usualWidth } from "./dialect.ts";
import { byteOrderMark, type Encoding, looksLikeUtf8 } from "./encoding.ts";
import { detectFormat, type Format, refuseOtherFormats } from "./format.ts";
import { hasHeader } from "./header.ts";

/** What the caller knows of a file; what is left out is detected. */
export interface KnownOfFile {
  readonly format?: Format | undefined;
  readonly delimiter?: string | undefined;
  /** Empty: the file has no quotes. */
  readonly quote?: string | undefined;
  readonly encoding?: Encoding | undefined;
  readonly header?: boolean | undefined;
}

/** What a file's beginning says. */
export type Detected = DetectedDelimited | DetectedJson;

interface DetectedBytes {
  readonly encoding: Encoding;
  /** Bytes of a byte order mark. */
  readonly markLength: number;
  /** Whether the encoding is certain; else the whole file has to confirm UTF-8. */
  readonly encodingCertain: boolean;
}

/** A JSON or NDJSON file. */
export interface DetectedJson extends DetectedBytes {
  readonly format: "json" | "ndjson";
}

/** A delimited file. */
export interface DetectedDelimited extends DetectedBytes {
  readonly format: "csv" | "tsv";
  readonly dialect: Dialect;
  readonly header: boolean;
  /** The header's cells, as many as the rows have fields; empty ones without a header. */
  readonly headers: readonly string[];
  /** Rows after the header, for a first guess. */
  readonly sample: readonly string[][];
  readonly warnings: readonly string[];
}

/**
 * Detects format, encoding, delimiter, quote and header from a file's first bytes. `cut` says that
 * the file goes on. Throws EMPTY_FILE and UNSUPPORTED_FORMAT.
 */
export function detect(
  head: Uint8Array,
  cut: boolean,
  fileName: string,
  known: KnownOfFile = {},
): Detected {
  const mark = byteOrderMark(head);
  if (!mark) refuseOtherFormats(head);
  const encoding = mark?.encoding ?? known.encoding ??
    (looksLikeUtf8(head) ? "utf-8" : "windows-1252");
  const bytes: DetectedBytes = {
    encoding,
    markLength: mark?.length ?? 0,
    encodingCertain: encoding !== "utf-8" || mark !== undefined || known.encoding !== undefined,
  };
  const text = new TextDecoder(encoding).decode(head.subarray(bytes.markLength), { stream: cut });
  if (text.trim() === "" && !cut) throw new AppError("EMPTY_FILE");
  const format = known.format ?? detectFormat(text, fileName);
  if (format === "json" || format === "ndjson") return { ...bytes, format };
  return { ...bytes, ...detectDelimited(text, cut, fileName, format, known) };
}

function detectDelimited(
  text: string,
  cut: boolean,
  fileName: string,
  format: "csv" | "tsv",
  known: KnownOfFile,
): Omit<DetectedDelimited, keyof DetectedBytes> {
  const dialect = detectDialect(text, format === "tsv" ? "x.tsv" : fileName, known);
  const rows = sampleRows(text, dialect, cut);
  const header = known.header ?? hasHeader(rows);
  const sample = header ? rows.slice(1) : rows;
  const names = header ? rows[0] ?? [] : [];
  const warnings: string[] = [];
  let width = names.length;
  // A header that no row agrees with does not say how many columns there are.
  if (!sample.some((row) => row.length === width)) width = usualWidth(sample).width || width;
  if (header && width !== names.length) {
    warnings.push(
      `The header has ${names.length} fields and the rows have ${width}; the rows were followed.`,
    );
  }
  const headers = Array.from({ length: width }, (_, index) => names[index] ?? "");
  return {
    format: dialect.delimiter === "\t" ? "tsv" : "csv",
    dialect,
    header,
    headers,
    sample,
    warnings,
  };
}
