/**
 * A process of its own for the tests that kill one: opens services on what it is told, begins what it
 * is told, says where it stands on standard output, and waits there to be killed.
 */
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { serveIngests, startIngest } from "../../lib/ingest/mod.ts";
import type { Slug, TenantId } from "../../lib/ids.ts";
import { requestOf } from "../harness/mod.ts";
import { file, gated, manyRows, type Meeting, openAt } from "./ingest_setup.ts";

/** What a child is told, as JSON in its first argument. */
export interface ChildTask {
  readonly meeting: Meeting;
  readonly tenantId: TenantId;
  readonly slug: Slug;
  /** `upload`: begin one that never ends; `load`: stop amid a load; `loaded`: stop after the tables. */
  readonly act: "upload" | "load" | "loaded";
}

const forever = new Promise<void>(() => {});

async function* half() {
  const bytes = new TextEncoder().encode(manyRows(5_000));
  yield bytes.subarray(0, bytes.length / 2);
  console.log("here");
  await forever;
}

async function main(task: ChildTask): Promise<void> {
  const { services } = await openAt(task.meeting, (line) => console.error(line));
  if (task.act === "upload") {
    const scope = await enterEndpoint(
      services,
      requestOf({
        kind: "dashboard",
        tenantId: task.tenantId,
        userId: null,
        tokenId: null,
        label: "child",
        scope: "mcp",
        abilities: new Set(),
        role: "owner",
        review: false,
        endpoints: "all",
      }),
      task.slug,
    );
    await startIngest(services, scope, file("", { body: ReadableStream.from(half()) }));
  }
  const objects = task.act === "load"
    ? gated(services.objects, forever, () => console.log("here"))
    : services.objects;
  await serveIngests({ ...services, objects }, async () => {
    console.log("here");
    await forever;
  });
}

if (import.meta.main) {
  // A timer, since a promise that never resolves keeps no process alive.
  setInterval(() => {}, 60_000);
  await main(JSON.parse(Deno.args[0]!));
}
