import { createEndpoint } from "../../lib/endpoints/mod.ts";
import type { IngestId } from "../../lib/ids.ts";
import {
  getIngest,
  type IngestStatus,
  type IngestView,
  type NewFile,
  startIngest,
} from "../../lib/ingest/mod.ts";
import { createLog } from "../../lib/log.ts";
import type { Objects } from "../../lib/objects/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { openServices } from "../../lib/start/mod.ts";
import {
  bootstrapParts,
  createControl,
  tenantMigrations,
  type TestControl,
  testTenant,
} from "../harness/mod.ts";

/** Where several processes of one test meet. */
export interface Meeting {
  readonly adminUrl: string;
  readonly appUrl: string;
  readonly objectsDir: string;
}

/** Opens the services of one process; several may share a meeting. */
export async function openAt(meeting: Meeting, onLog: (line: string) => void = () => {}) {
  const { masterKey } = await bootstrapParts();
  return await openServices({
    ...meeting,
    baseUrl: new URL("http://127.0.0.1:8000"),
    allowedOrigins: new Set(),
    trustedProxies: [],
    masterKey,
    tenantMigrations: await tenantMigrations(),
    log: createLog(onLog),
  });
}

/** One tenant with one endpoint, on a control database and an object folder of a test's own. */
export interface IngestTest extends AsyncDisposable {
  readonly meeting: Meeting;
  readonly control: TestControl;
  readonly services: Services;
  readonly scope: EndpointScope;
  readonly logLines: string[];
  /** Services whose loads stop amid their file until `open()`, or until the test ends. */
  gate(services?: Services): Gate;
}

/** A place where loads stand still. */
export interface Gate {
  readonly services: Services;
  /** Resolves when a load stands there. */
  readonly amid: Promise<void>;
  open(): void;
}

/** Makes them; `await using` removes everything. */
export async function ingestTest(): Promise<IngestTest> {
  const control = await createControl();
  const objectsDir = await Deno.makeTempDir({ prefix: "bulkhead_ingest_" });
  const meeting = { adminUrl: control.adminUrl, appUrl: control.appUrl, objectsDir };
  const logLines: string[] = [];
  const { services, close } = await openAt(meeting, (line) => logLines.push(line));
  const tenant = await testTenant(services);
  const gates: Gate[] = [];
  return {
    meeting,
    control,
    services,
    scope: await createEndpoint(services, tenant.scope, "ingest"),
    logLines,
    gate(behind = services) {
      const [gate, amid] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const objects = gated(behind.objects, gate.promise, amid.resolve);
      const made = {
        services: { ...behind, objects },
        amid: amid.promise,
        open: gate.resolve,
      };
      gates.push(made);
      return made;
    },
    async [Symbol.asyncDispose]() {
      for (const gate of gates) gate.open();
      await close();
      await control.drop();
      await Deno.remove(objectsDir, { recursive: true });
    },
  };
}

/** A file of a text. */
export function file(text: string, more: Partial<NewFile> = {}): NewFile {
  return {
    fileName: "people.csv",
    body: ReadableStream.from([new TextEncoder().encode(text)]),
    options: { mode: "create" },
    allowDuplicate: false,
    ...more,
  };
}

/** Rows enough that a load reads its file in many chunks. */
export function manyRows(rows: number): string {
  let text = "id,name,born\n";
  for (let id = 1; id <= rows; id++) text += `${id},person number ${id},2001-02-03\n`;
  return text;
}

/** Waits until a load has one of these states. */
export async function reach(
  test: Pick<IngestTest, "services" | "scope">,
  id: IngestId,
  ...states: IngestStatus[]
): Promise<IngestView> {
  while (true) {
    const ingest = await getIngest(test.services, test.scope, id);
    if (states.includes(ingest.status)) return ingest;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Waits until a load is over. */
export const over = (test: Pick<IngestTest, "services" | "scope">, id: IngestId) =>
  reach(test, id, "done", "failed", "cancelled");

/** Hands a file in and waits for its end. */
export async function load(test: IngestTest, handed: NewFile): Promise<IngestView> {
  const { id } = await startIngest(test.services, test.scope, handed);
  return await over(test, id);
}

// Past the beginning that is read to see what a file is, before the end of `manyRows(20_000)`.
const AMID_BYTES = 400_000;

/**
 * Objects whose streams stop amid a file until the gate opens: a load that reads from them is in the
 * middle of its work.
 */
export function gated(objects: Objects, gate: Promise<void>, stopped: () => void): Objects {
  return {
    ...objects,
    async open(key) {
      const stored = await objects.open(key);
      async function* slowly() {
        let size = 0;
        for await (const chunk of stored) {
          size += chunk.length;
          if (size > AMID_BYTES) {
            stopped();
            await gate;
          }
          yield chunk;
        }
      }
      return ReadableStream.from(slowly());
    },
  };
}
