import pg from "pg";
import { quoteIdent } from "./template.ts";

/** A channel that is being heard. */
export interface Listening {
  unlisten(): Promise<void>;
}

const AGAIN_MS = 250;
const CONNECT_TIMEOUT_MS = 15_000;

/**
 * Hears a channel over a connection of its own. What is sent while the connection is being made anew is
 * not heard: who depends on it must notice the gap by itself.
 */
export async function listenOn(
  config: pg.ClientConfig,
  channel: string,
  hear: (payload: string) => void,
): Promise<Listening> {
  let client: pg.Client | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  async function open(): Promise<void> {
    const own = new pg.Client({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    client = own;
    own.on("notification", ({ channel: of, payload }) => {
      if (of === channel) hear(payload ?? "");
    });
    let lost = false;
    const again = () => {
      if (lost) return;
      lost = true;
      own.end().catch(() => {});
      if (!over) timer = setTimeout(() => void open().catch(() => {}), AGAIN_MS);
    };
    own.on("error", again);
    own.on("end", again);
    try {
      await own.connect();
      await own.query(`LISTEN ${quoteIdent(channel)}`);
    } catch (error) {
      again();
      throw error;
    }
  }

  try {
    await open();
  } catch (error) {
    over = true;
    clearTimeout(timer);
    throw error;
  }
  return {
    async unlisten() {
      over = true;
      clearTimeout(timer);
      await client?.end().catch(() => {});
    },
  };
}
