import type { Actor, Names, World } from "./world.ts";

/** A request by which somebody tries to reach somebody else's. */
export interface Attempt {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  /** Every header and the whole body. */
  readonly text: string;
  readonly body: string;
}

// Differ from one request to the next whoever asks.
const VOLATILE = new Set(["date", "x-request-id"]);

/** The body; of a stream of events, which need not end, the first. */
async function read(response: Response): Promise<string> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    return await response.text();
  }
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  return value;
}

/** Sends an attempt. */
export async function ask(world: World, actor: Actor, attempt: Attempt): Promise<Answer> {
  const response = await fetch(world.origin + attempt.path, {
    method: attempt.method,
    headers: { ...actor.headers, ...attempt.headers },
    body: attempt.body ?? null,
    redirect: "manual",
  });
  const body = await read(response);
  const requestId = response.headers.get("x-request-id") ??
    /"request_id":"([^"]+)"/.exec(body)?.[1] ?? "no request id";
  const headers = [...response.headers].filter(([name]) => !VOLATILE.has(name))
    .map((header) => header.join(": "));
  return {
    status: response.status,
    text: [response.status, ...headers, "", body].join("\n").replaceAll(requestId, "«request»"),
    body,
  };
}

/** The answer's text with the names that were asked for taken out: what is left says nothing of them. */
export function withoutNames(answer: Answer, names: Names): string {
  return Object.entries(names).reduce(
    (text, [kind, name]) => text.replaceAll(name, `«${kind}»`),
    answer.text,
  );
}

/** Those of `secrets` that an answer holds. */
export function leaked(answer: Answer, secrets: readonly string[]): string[] {
  return secrets.filter((secret) => answer.text.includes(secret));
}
