import type { IngestStatus, IngestView } from "../../ingest/mod.ts";
import { formatBytes, formatNumber } from "../components/pieces.tsx";

const PHASES: Readonly<Record<string, string>> = {
  upload: "Receiving the file",
  detect: "Looking at the file",
  read: "Reading: finding columns and their types",
  write: "Writing rows",
  keys: "Finding keys, and links between tables",
};

/** What a load's status is called, and how it is meant. */
export const STATUS_TEXT: Readonly<
  Record<IngestStatus, { text: string; tone?: "good" | "warn" | "danger" | "accent" }>
> = {
  uploading: { text: "Uploading", tone: "accent" },
  queued: { text: "Waiting", tone: "accent" },
  running: { text: "Loading", tone: "accent" },
  done: { text: "Loaded", tone: "good" },
  failed: { text: "Failed", tone: "danger" },
  waiting: { text: "Waiting for approval", tone: "warn" },
  cancelled: { text: "Cancelled" },
  rejected: { text: "Rejected" },
};

/** Where a load stands, as the progress bar says it: plain data, for the island polls it. */
export interface IngestState {
  readonly label: string;
  /** 0 to 1; null where nobody knows. */
  readonly part: number | null;
  readonly note: string;
  /** Whether the load is over, one way or another. */
  readonly finished: boolean;
  readonly [key: string]: string | number | boolean | null;
}

/** Says where a load stands. */
export function ingestState(ingest: IngestView): IngestState {
  const { status, progress } = ingest;
  const finished = ingest.finishedAt !== null;
  if (ingest.cancelRequested && !finished) {
    return { label: "Cancelling", part: null, note: "", finished };
  }
  if (!progress || status === "queued") {
    const label = status === "queued" ? "Waiting for its turn" : "Starting";
    return { label, part: null, note: "", finished };
  }
  const { phase, bytesDone, bytesTotal, rows } = progress;
  const total = bytesTotal || ingest.sizeBytes || 0;
  return {
    label: PHASES[phase] ?? "Loading",
    part: total > 0 && bytesDone > 0 ? Math.min(bytesDone / total, 1) : null,
    note: rows > 0 ? formatNumber(rows, "row") : bytesDone > 0 ? formatBytes(bytesDone) : "",
    finished,
  };
}
