import { AppError } from "../errors.ts";
import type { EndpointId, TenantId } from "../ids.ts";
import type { Control } from "../postgres/mod.ts";
import { upsertWanted } from "./store.ts";

/** An endpoint that is about to be written to. */
export interface WrittenEndpoint {
  readonly id: EndpointId;
  readonly tenantId: TenantId;
}

/** Where journal entries may wait, and who is told that some do. */
export interface Relays {
  /**
   * Notes in the control database that an endpoint's journal will have to be looked at. Called before
   * the transaction of every write begins: a process that is killed right after its commit leaves behind
   * where the entries wait. Resolves at once under a note that is young enough.
   *
   * @throws AppError where it could not be noted, ACCESS_DENIED where the endpoint is gone; then nothing may
   * be written.
   */
  want(endpoint: WrittenEndpoint): Promise<void>;
  /** Says that a write was committed: its entries are carried over at once, not at the next look. */
  wake(endpointId: EndpointId): void;
  /** Hears of each `wake()`, until the answered function is called. */
  onWake(hear: (endpointId: EndpointId) => void): () => void;
  /** Waits for notes that are being taken. */
  close(): Promise<void>;
}

// A write begins under a note of at most 30 s, and then has the other 30 s of it: twice what the
// database lets a statement run.
const NOTE_SECONDS = 60;
const TRUSTED_MS = 30_000;
// From then on the next note is taken beside the write, so that no steady writer ever waits for one.
const RENEWED_MS = 15_000;
const MAX_REMEMBERED = 50_000;

/**
 * Makes the relays of this process over the control database.
 *
 * @param now Milliseconds that only rise.
 */
export function createRelays(control: Control, now = () => performance.now()): Relays {
  const notes = new Map<EndpointId, { readonly at: number; readonly tenantId: TenantId }>();
  const noting = new Map<EndpointId, Promise<void>>();
  const hearers = new Set<(endpointId: EndpointId) => void>();

  async function write({ id, tenantId }: WrittenEndpoint): Promise<void> {
    // From before it is sent: the database counts from later.
    const at = now();
    const noted = await control.tenant(tenantId, (tx) => upsertWanted(tx, id, NOTE_SECONDS));
    // Removed, or about to be, after the request had been let in.
    if (!noted) throw new AppError("ACCESS_DENIED");
    if (notes.size >= MAX_REMEMBERED) notes.clear();
    notes.set(id, { at, tenantId });
  }

  function note(endpoint: WrittenEndpoint): Promise<void> {
    const { id } = endpoint;
    let under = noting.get(id);
    if (!under) {
      under = write(endpoint).finally(() => noting.delete(id));
      noting.set(id, under);
    }
    return under;
  }

  /** Milliseconds since the note of an endpoint was taken. */
  const ageOf = (id: EndpointId) => now() - (notes.get(id)?.at ?? -Infinity);

  return {
    async want(endpoint) {
      const age = ageOf(endpoint.id);
      if (age < RENEWED_MS) return;
      const noted = note(endpoint);
      // Where it fails here, it is taken anew and waited for when this one is too old.
      if (age < TRUSTED_MS) noted.catch(() => {});
      else await noted;
    },
    wake(endpointId) {
      const noted = notes.get(endpointId);
      // It took so long that its note may have lapsed: then nobody looks.
      if (noted && ageOf(endpointId) > TRUSTED_MS) {
        note({ id: endpointId, tenantId: noted.tenantId }).catch(() => {});
      }
      for (const hear of hearers) hear(endpointId);
    },
    onWake(hear) {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    async close() {
      await Promise.allSettled(noting.values());
    },
  };
}
