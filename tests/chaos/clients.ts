import type { Stage } from "./stage.ts";

/** What a row is to hold. */
export interface Item {
  readonly n: number;
  readonly note: string;
}

/** What a write does to one row. */
export interface Effect {
  readonly op: "insert" | "update" | "delete";
  readonly id: number;
  /** null: gone. */
  readonly after: Item | null;
}

/** One call of a tool, and what was heard of it. */
export interface Write {
  readonly key: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly effects: readonly Effect[];
  /** The change that the answer named; null where the client gave up without an answer. */
  change: string | null;
  /** Times it was sent. */
  sent: number;
}

/** Clients at work. */
export interface Clients {
  readonly writes: readonly Write[];
  /** Writes that were acknowledged so far. */
  acknowledged(): number;
  /** What was answered instead of an acknowledgement, how often. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Lets each client end what it is at, and waits for that; with `now` it gives up at once. */
  stop(now?: boolean): Promise<void>;
}

const RETRY_MS = 40;
// Of writes whose answer did not come, so many are not sent again.
const GIVEN_UP = 0.4;

const chance = (share: number) => Math.random() < share;
const among = <T>(values: readonly T[]) => values[Math.floor(Math.random() * values.length)]!;

/** A client that changes rows of its own, of which nobody else knows. */
class Client {
  readonly #rows = new Map<number, Item>();
  #next: number;
  #calls = 0;

  constructor(readonly number: number) {
    this.#next = number * 10_000_000;
  }

  /** Thinks of a write. */
  invent(): Write {
    const write = this.#inventCall();
    const key = `${this.number}-${++this.#calls}`;
    return { ...write, key, args: { ...write.args, idempotency_key: key }, change: null, sent: 0 };
  }

  #inventCall(): Pick<Write, "tool" | "args" | "effects"> {
    const known = [...this.#rows.keys()];
    const table = "items";
    const kind = known.length < 5 ? "insert_rows" : among([
      "insert_rows",
      "update_row",
      "update_row",
      "delete_row",
      "upsert_rows",
    ]);
    if (kind === "update_row") {
      const id = among(known);
      const after = this.#changed(id);
      return {
        tool: kind,
        args: { table, key: id, values: after },
        effects: [{ op: "update", id, after }],
      };
    }
    if (kind === "delete_row") {
      const id = among(known);
      return { tool: kind, args: { table, key: id }, effects: [{ op: "delete", id, after: null }] };
    }
    const effects: Effect[] = Array.from({ length: among([1, 2, 3, 8]) }, () => {
      const id = ++this.#next;
      return { op: "insert", id, after: { n: 0, note: `made ${id}` } };
    });
    if (kind === "upsert_rows") {
      const id = among(known);
      effects.push({ op: "update", id, after: this.#changed(id) });
    }
    const rows = effects.map(({ id, after }) => ({ id, ...after }));
    return { tool: kind, args: { table, rows }, effects };
  }

  #changed(id: number): Item {
    const n = this.#rows.get(id)!.n + 1;
    return { n, note: `changed ${n} times` };
  }

  /** Takes in that a write is known to have happened. */
  done({ effects }: Write): void {
    for (const { id, after } of effects) after ? this.#rows.set(id, after) : this.#rows.delete(id);
  }

  /** Leaves alone what may or may not have happened. */
  giveUp({ effects }: Write): void {
    for (const { id } of effects) this.#rows.delete(id);
  }
}

interface Answer {
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: { readonly change?: string; readonly state?: string };
    readonly content?: readonly { readonly text?: string }[];
  };
  readonly error?: { readonly message?: string };
}

/** Sends a write once; answers the change's id, or why there is none. */
async function send(
  { origin, token, scope }: Stage,
  write: Write,
): Promise<{ change: string } | { refusal: string; silent: boolean }> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${origin}/mcp/${scope.endpoint.slug}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: write.tool, arguments: write.args },
      }),
      signal: AbortSignal.timeout(30_000),
    });
    text = await response.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return { refusal: "no answer in 30 s", silent: true };
    }
    // Refused is never sent; lost is done or not.
    const refused = String(error).includes("onnection refused") ||
      String((error as Error).cause).includes("onnection refused");
    return { refusal: refused ? "connection refused" : "connection lost", silent: !refused };
  }
  if (response.status !== 200) {
    const code = /"code":"(\w+)"/.exec(text)?.[1] ?? text.trim();
    return { refusal: `${response.status} ${code}`, silent: false };
  }
  const { result, error } = JSON.parse(text) as Answer;
  const change = result?.structuredContent?.change;
  if (change && !result.isError && result.structuredContent?.state === "applied") {
    return { change };
  }
  return { refusal: error?.message ?? result?.content?.[0]?.text ?? text, silent: false };
}

/** Sets so many clients to work, each one call after the other, until they are stopped. */
export function startClients(stage: Stage, count: number): Clients {
  const writes: Write[] = [];
  const refusals = new Map<string, number>();
  let acknowledged = 0;
  let stopping = false;
  let leaving = false;

  /** Sends a write until it is answered; a client may also go away and never hear. */
  async function insist(client: Client, write: Write): Promise<void> {
    for (;;) {
      write.sent++;
      const answer = await send(stage, write);
      if ("change" in answer) {
        write.change = answer.change;
        client.done(write);
        acknowledged++;
        return;
      }
      refusals.set(answer.refusal, (refusals.get(answer.refusal) ?? 0) + 1);
      if (leaving || answer.silent && chance(GIVEN_UP)) return client.giveUp(write);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async function work(client: Client): Promise<void> {
    while (!stopping) {
      const write = client.invent();
      writes.push(write);
      await insist(client, write);
    }
  }

  const working = Array.from({ length: count }, (_, i) => work(new Client(i + 1)));
  return {
    writes,
    refusals,
    acknowledged: () => acknowledged,
    async stop(now = false) {
      stopping = true;
      leaving = now;
      await Promise.all(working);
    },
  };
}
