import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { insertAnchor, selectDueHeads } from "./anchor_store.ts";
import { type KeyHouse, signingKey } from "./signing_key.ts";
import { signStatement } from "./statement.ts";

/** What anchors are made with. */
export interface AnchorHouse extends KeyHouse {
  readonly baseUrl: URL;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Signs and keeps where each tenant's chain stands, where it moved and its last anchor is half a minute
 * old: in a table of its own, and in the log, which who can change the database may not reach. A chain
 * that lacks what was anchored before is told as an error and not anchored again: nothing is signed over
 * a rewritten history.
 */
export async function anchorAudit(house: AnchorHouse): Promise<void> {
  const { control, log, baseUrl, clock } = house;
  const due = await selectDueHeads(control);
  if (!due.length) return;
  const key = await signingKey(house);
  for (const head of due) {
    const { tenantId, seq, hash } = head;
    const anchor = `${seq}:${hash}`;
    if (head.broken) {
      log.error("audit.chain_broken", { tenantId, anchor });
      continue;
    }
    const statement = await signStatement(key, {
      tenantId,
      issuer: baseUrl.origin,
      at: new Date(clock.now()),
      seq: BigInt(seq),
      hash,
    });
    if (await insertAnchor(control, head, statement)) {
      log.info("audit.anchored", { tenantId, anchor });
    }
  }
}
