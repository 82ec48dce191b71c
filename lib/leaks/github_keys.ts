import { createPublicKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";

/** Where GitHub tells the keys that its reports are signed with. */
export const GITHUB_KEYS_URL = "https://api.github.com/meta/public_keys/secret_scanning";

/** GitHub's keys, as far as they are known. */
export interface GithubKeys {
  /**
   * The key with an identifier; null where GitHub has none of it.
   *
   * @throws AppError UNAVAILABLE where GitHub has not told its keys for a day.
   */
  find(identifier: string): Promise<KeyObject | null>;
}

const MINUTE = 60_000;
/** After this GitHub is asked whether the keys are the same still. */
const FRESH_MS = 60 * MINUTE;
/** After this they count for nothing: one of them may have been withdrawn. */
const USABLE_MS = 24 * 60 * MINUTE;
/** GitHub answers 60 questions an hour of an address; strangers' made-up identifiers take 12. */
const BETWEEN_MS = 5 * MINUTE;
const TIMEOUT_MS = 5_000;

const document = z.object({
  public_keys: z.array(z.object({ key_identifier: z.string(), key: z.string() })).max(100),
});

/** The keys of GitHub's answer; throws for one that holds anything but P-256. */
function parseKeys(body: unknown): Map<string, KeyObject> {
  const { public_keys } = document.parse(body);
  return new Map(public_keys.map(({ key_identifier, key }) => {
    const parsed = createPublicKey(key);
    if (parsed.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
      throw new TypeError("a key is not of the curve P-256");
    }
    return [key_identifier, parsed];
  }));
}

/** Keeps GitHub's keys, and asks for them no more often than need be. */
export function createGithubKeys(url: string, clock: Clock, log: Log): GithubKeys {
  let keys: ReadonlyMap<string, KeyObject> = new Map();
  let etag: string | null = null;
  let askedAt = -Infinity;
  let confirmedAt = -Infinity;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    try {
      const answer = await fetch(url, {
        headers: { accept: "application/json", ...(etag ? { "if-none-match": etag } : {}) },
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.status !== 304) {
        const body: unknown = await answer.json();
        if (!answer.ok) throw new TypeError(`GitHub answered ${answer.status}`);
        keys = parseKeys(body);
        etag = answer.headers.get("etag");
      }
      confirmedAt = clock.now();
    } catch (error) {
      log.warn("leaks.keys_not_fetched", { error });
    }
  }

  async function refresh(): Promise<void> {
    if (!asking && clock.now() - askedAt >= BETWEEN_MS) {
      askedAt = clock.now();
      asking = ask().finally(() => asking = undefined);
    }
    await asking;
  }

  return {
    async find(identifier) {
      if (clock.now() - confirmedAt > FRESH_MS || !keys.has(identifier)) await refresh();
      if (clock.now() - confirmedAt > USABLE_MS) throw new AppError("UNAVAILABLE");
      return keys.get(identifier) ?? null;
    },
  };
}
