import type { Clock } from "../clock.ts";
import { AppError, type Missing } from "../errors.ts";
import type { EndpointId, TenantId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Control } from "../postgres/mod.ts";
import type { RequestScope } from "../principal.ts";
import { actorOf, type AuditActor, recordEvent } from "./events.ts";

/** Keeps what known credentials were refused: off the hot path, and bounded however often they ask. */
export interface DenialRecorder {
  /**
   * Takes in a refusal; what is no refusal of a known token's call is not kept.
   *
   * @param what The tool or operation that was called.
   * @param tool Which tool that was, where it was one.
   */
  record(
    scope: Omit<RequestScope, "signal">,
    refusal: unknown,
    what: string,
    endpointId?: EndpointId,
    tool?: string,
  ): void;
  /** Writes what is due now. */
  flush(): Promise<void>;
  /** Writes everything and stops. */
  close(): Promise<void>;
}

/** Refusals of one token, of one tool, for one reason since they were last written. */
interface Pending {
  readonly tenantId: TenantId;
  readonly actor: AuditActor;
  readonly reason: string;
  /** What the owner could give or change. */
  readonly missing: Missing | undefined;
  readonly what: string;
  readonly tool: string | undefined;
  readonly endpointId: EndpointId | null;
  readonly count: number;
}

const EVERY_MS = 5_000;
// One entry a token, tool and reason in so long, with the number of calls: a loop fills no log.
const RESOLUTION_MS = 60_000;
const MAX_REMEMBERED = 100_000;

const REASONS: ReadonlySet<string> = new Set(["INSUFFICIENT_SCOPE", "ACCESS_DENIED", "WRITES_OFF"]);

/**
 * Cause of an AUTHENTICATION_REQUIRED: the token is known, yet not taken from where the client is. Its
 * owner can read so; the client is told what every unknown token is told.
 */
export const FROM_ELSEWHERE = "NETWORK_NOT_ALLOWED";

/** Why a call was refused that its tool answered itself. */
const MISSING: Readonly<Record<Missing["kind"], string>> = {
  ability: "INSUFFICIENT_SCOPE",
  reach: "TABLE_READ_ONLY",
  writes: "WRITES_OFF",
  rule: "TABLE_RULES",
};

/** Why a call was refused; null for what is no refusal of a known token. */
function reasonOf(refusal: unknown): string | null {
  if (!(refusal instanceof AppError)) return null;
  if (refusal.cause === FROM_ELSEWHERE) return FROM_ELSEWHERE;
  if (REASONS.has(refusal.code)) return refusal.code;
  return refusal.missing ? MISSING[refusal.missing.kind] : null;
}

/** Makes a recorder that writes to the control database. */
export function createDenialRecorder(control: Control, clock: Clock, log: Log): DenialRecorder {
  const written = new Map<string, number>();
  const pending = new Map<string, Pending>();
  let running: Promise<void> | undefined;

  async function write(all: boolean): Promise<void> {
    const now = clock.now();
    for (const [key, denial] of [...pending]) {
      if (!all && now - (written.get(key) ?? -Infinity) < RESOLUTION_MS) continue;
      pending.delete(key);
      if (written.size >= MAX_REMEMBERED) written.clear();
      written.set(key, now);
      const { tenantId, actor, reason, missing, what, tool, endpointId, count } = denial;
      try {
        await control.tenant(tenantId, (tx) =>
          recordEvent(tx, {
            tenantId,
            action: "call.denied",
            actor,
            endpointId,
            subject: what,
            detail: {
              reason,
              count,
              ...(tool ? { tool } : {}),
              ...(missing?.name ? { missing: missing.name } : {}),
              ...(missing?.table ? { table: missing.table } : {}),
            },
          }));
      } catch (error) {
        log.warn("denials.write_failed", { tenantId, count, error });
      }
    }
  }

  async function flush(all: boolean): Promise<void> {
    // What was recorded while another write was under way is not in that one.
    await running;
    running ??= write(all).finally(() => running = undefined);
    await running;
  }

  const timer = setInterval(() => void (pending.size && flush(false)), EVERY_MS);
  Deno.unrefTimer(timer);

  return {
    record(scope, refusal, what, endpointId, tool) {
      const reason = reasonOf(refusal);
      const { principal, tenantId } = scope;
      if (reason === null || principal.tokenId === null) return;
      const missing = refusal instanceof AppError ? refusal.missing : undefined;
      const key = [
        principal.tokenId,
        principal.kind,
        reason,
        tool ?? "",
        missing?.name ?? "",
        missing?.table ?? "",
      ].join("\0");
      const before = pending.get(key);
      if (!before && pending.size >= MAX_REMEMBERED) return;
      pending.set(
        key,
        before ? { ...before, count: before.count + 1 } : {
          tenantId,
          actor: actorOf(scope),
          reason,
          missing,
          what,
          tool,
          endpointId: endpointId ?? null,
          count: 1,
        },
      );
    },
    flush: () => flush(false),
    async close() {
      clearInterval(timer);
      await flush(true);
    },
  };
}
