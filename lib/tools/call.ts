import { CacheKind } from "../cache/mod.ts";
import type { CallSignal } from "../call_signal.ts";
import { openReader } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { EndpointId } from "../ids.ts";
import { fromPostgres, sqlState, type TextRow } from "../postgres/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { CompiledManifest } from "./manifest/compile.ts";
import type { Statement } from "./sql/statement.ts";

/** One call of a tool, as the tool sees it. */
export interface Call {
  readonly services: Services;
  readonly scope: EndpointScope;
  readonly manifest: CompiledManifest;
  /** Runs a statement as the endpoint's reader; every column of its answer is text. */
  query(statement: Statement): Promise<readonly TextRow[]>;
}

const MAX_PREPARED = 200;
const MAX_SEEN = 1_000;

/**
 * Which statements are prepared: those that came at least twice, up to a number that each connection
 * can hold for good. A caller who never asks the same twice costs Postgres no memory.
 */
class PreparedTexts {
  readonly #seen = new Set<string>();
  readonly #prepared = new Set<string>();

  admit(text: string): boolean {
    if (this.#prepared.has(text)) return true;
    if (this.#seen.delete(text) && this.#prepared.size < MAX_PREPARED) {
      this.#prepared.add(text);
      return true;
    }
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.add(text);
    return false;
  }
}

const PREPARED = new CacheKind<PreparedTexts>("tools.prepared", Infinity, 1_000);

/** The prepared statements of an endpoint's connections. */
export async function preparedTexts(
  services: Services,
  id: EndpointId,
): Promise<PreparedTexts> {
  const cache = services.caches.of(PREPARED);
  return cache.peek(id) ?? await cache.get(id, () => Promise.resolve(new PreparedTexts()));
}

/** SQLSTATEs that say that the schema is no longer what the manifest says. */
const STALE = new Set(["42P01", "42703", "42501", "42883", "42804", "42704"]);

/** What a caller is told of a statement that failed. */
export function toCallError(error: unknown, statement: Statement, signal: CallSignal): unknown {
  // Whatever a call ends with after its caller has gone, it was cancelled.
  if (signal.aborted) return new AppError("CANCELLED", undefined, { cause: error });
  const state = sqlState(error);
  if (state && STALE.has(state)) {
    return new AppError(
      "UNKNOWN_TABLE",
      "The tables have changed since the tools were made; list the tools again, " +
        "and if that does not help, ask the endpoint's owner to rebuild its manifest.",
      { cause: error },
    );
  }
  if (state?.startsWith("22")) {
    const which = [...new Set(statement.unchecked)].join(", ");
    return new AppError(
      "INVALID_ARGUMENTS",
      which
        ? `a value does not fit the type of its column: ${which}`
        : "a value, or what is computed from it, is out of its type's range",
      { cause: error },
    );
  }
  return fromPostgres(error);
}

/** Makes the carrier of one call. */
export function createCall(
  services: Services,
  scope: EndpointScope,
  manifest: CompiledManifest,
): Call {
  return {
    services,
    scope,
    manifest,
    async query(statement) {
      const { signal } = scope;
      if (signal.aborted) throw new AppError("CANCELLED");
      const reader = openReader(services, scope);
      const lease = reader instanceof Promise ? await reader : reader;
      try {
        return await lease.sql.query(statement, { quick: statement.quick ?? false, signal });
      } catch (error) {
        throw toCallError(error, statement, signal);
      } finally {
        lease.release();
      }
    },
  };
}
