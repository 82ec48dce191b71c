import { basename } from "node:path";
import { createHash } from "node:crypto";
import { ERRORS } from "../errors.ts";
import {
  DuplicateFile,
  getIngest,
  type IngestView,
  listIngests,
  startIngest,
} from "../ingest/mod.ts";
import { StartupError } from "../postgres/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { QuickstartInput } from "./quickstart.ts";

const POLL_MS = 150;
const UNDER_WAY: ReadonlySet<IngestView["status"]> = new Set(["uploading", "queued", "running"]);

function describe(view: IngestView): string {
  const { progress } = view;
  if (!progress) return `${view.fileName}: waiting …`;
  const share = progress.bytesTotal > 0
    ? ` ${Math.floor(100 * progress.bytesDone / progress.bytesTotal)} %`
    : "";
  const rows = progress.rows > 0 ? `, ${progress.rows.toLocaleString("en-US")} rows` : "";
  return `${view.fileName}: ${progress.phase}${share}${rows} …`;
}

const counted = (n: number, what: string) =>
  `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;

function outcome(view: IngestView): string {
  const tables = view.report?.tables ?? [];
  const counts = tables.map(({ name, rows, waits }) =>
    `${name} (${counted(rows, "row")}${waits ? ", not open to agents yet: see the dashboard" : ""})`
  );
  const rejects = tables.reduce((sum, table) => sum + table.rejected, 0);
  return `${view.fileName}: ${counts.join(", ")}` +
    (rejects ? `; ${counted(rejects, "rejected row")}, see the dashboard` : "");
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { read: true });
  const buffer = new Uint8Array(256 * 1024);
  for (let read; (read = await file.read(buffer)) !== null;) hash.update(buffer.subarray(0, read));
  return hash.digest("hex");
}

/** The newest import of a file of that name that went through; null where there is none. */
async function lastImport(
  services: Services,
  scope: EndpointScope,
  fileName: string,
): Promise<IngestView | null> {
  for (let after: IngestView["id"] | null = null;;) {
    const page: IngestView[] = await listIngests(services, scope, { after });
    const found = page.find((one) => one.fileName === fileName && one.status === "done");
    if (found || !page.length) return found ?? null;
    after = page.at(-1)!.id;
  }
}

/** Hands one file in; answers the import of the same bytes where one is on the way. */
async function handIn(
  services: Services,
  scope: EndpointScope,
  path: string,
  replace: boolean,
): Promise<IngestView> {
  const file = await Deno.open(path, { read: true });
  try {
    return await startIngest(services, scope, {
      fileName: basename(path),
      body: file.readable,
      options: { mode: replace ? "replace" : "create" },
      // Who goes back to an earlier state of a file wants its bytes another time.
      allowDuplicate: replace,
    });
  } catch (error) {
    if (error instanceof DuplicateFile) return error.earlier;
    throw error;
  }
}

/**
 * Brings one file into the endpoint, unless it is there, and says in one line what came of it. A file
 * that has changed replaces its tables' rows where that is asked for or a person agrees.
 *
 * @throws StartupError where it cannot be imported.
 */
export async function serveFile(
  services: Services,
  scope: EndpointScope,
  path: string,
  { display, replace, ask, signal }: QuickstartInput,
): Promise<string> {
  const name = basename(path);
  const earlier = await lastImport(services, scope, name);
  if (earlier?.sha256 === await sha256Of(path)) return `${name}: already served`;
  if (earlier && !replace) {
    display.clear();
    const question = `${name} has changed since it was imported. Replace the rows of its tables?`;
    if (!await ask?.(question)) {
      return `${name}: has changed since it was imported, and is served as it was; ` +
        "--replace replaces it";
    }
  }
  let view = await handIn(services, scope, path, earlier !== null);
  while (UNDER_WAY.has(view.status)) {
    signal.throwIfAborted();
    display.update(describe(view));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    view = await getIngest(services, scope, view.id);
  }
  if (view.status === "done") return outcome(view);
  const reason = view.error?.detail ?? (view.error ? ERRORS[view.error.code].title : null) ??
    "the import was cancelled.";
  throw new StartupError(`${name} was not imported: ${reason}`);
}
