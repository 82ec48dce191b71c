/**
 * `deno task test:chaos [kills]`: 200 kills unless told otherwise, which takes some ten minutes. Ends
 * with what was found, and with 1 where anything was lost, doubled or done by half.
 */
import { chaos } from "./chaos.ts";

if (import.meta.main) {
  const began = performance.now();
  const kills = Number(Deno.args[0] ?? 200);
  const { writes, found, faults, refusals, drainedAfterMs, ...outcome } = await chaos(
    kills,
    (line) => console.log(line),
  );
  const acknowledged = writes.filter(({ change }) => change !== null);
  console.log(JSON.stringify(
    {
      minutes: (performance.now() - began) / 60_000,
      kills: outcome.kills,
      writes: writes.length,
      acknowledged: acknowledged.length,
      acknowledgedAfterRetries: acknowledged.filter(({ sent }) => sent > 1).length,
      givenUp: writes.length - acknowledged.length,
      givenUpYetDone: writes.filter(({ change, key }) =>
        change === null && [...found.keys.values()].includes(key)
      ).length,
      rows: found.rows.length,
      journalEntries: found.entries.length,
      auditedEntries: found.audited.length,
      drainedAfterMs,
      refusals: Object.fromEntries(refusals),
      faults,
    },
    null,
    2,
  ));
  Deno.exit(faults.length === 0 ? 0 : 1);
}
