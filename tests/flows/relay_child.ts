/**
 * A process of its own for the test that kills a relay: carries over, says so on standard output when the
 * audit log has it and the outbox too, and waits there to be killed.
 */
import { enterAsSystem, openEndpoint, type SystemTarget } from "../../lib/endpoints/mod.ts";
import { carryOver } from "../../lib/journal/mod.ts";
import type { Control } from "../../lib/postgres/mod.ts";
import { type Meeting, openAt } from "./ingest_setup.ts";

/** What a child is told, as JSON in its first argument. */
export interface RelayTask {
  readonly meeting: Meeting;
  readonly target: SystemTarget;
}

async function main({ meeting, target }: RelayTask): Promise<void> {
  const { services } = await openAt(meeting, (line) => console.error(line));
  const scope = await enterAsSystem(services, target, "relay");
  const { sql } = await openEndpoint(services, scope, "owner");
  const control: Control = {
    ...services.control,
    async tenant(tenantId, work) {
      await services.control.tenant(tenantId, work);
      console.log("here");
      return await new Promise<never>(() => {});
    },
  };
  await carryOver(control, scope.endpoint, sql, { limit: 1000, wait: false });
}

if (import.meta.main) {
  // A timer, since a promise that never resolves keeps no process alive.
  setInterval(() => {}, 60_000);
  await main(JSON.parse(Deno.args[0]!));
}
