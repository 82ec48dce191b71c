/** Structured log: one JSON line an event. */
export interface Log {
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}

type Level = "info" | "warn" | "error";

// Whatever a bug may put into a field: a token or a connection string never reaches the log whole.
const TOKEN = /bhd_([a-z]{3})_[0-9A-Za-z]{8,}/g;
const PASSWORD_IN_URL = /(postgres(?:ql)?:\/\/[^:/@\s]*):[^@\s]*@/g;

/** Takes secrets out of a text that is about to be logged. */
export function redact(text: string): string {
  return text.replace(TOKEN, "bhd_$1_…").replace(PASSWORD_IN_URL, "$1:…@");
}

function plain(value: unknown, depth = 0): unknown {
  if (value instanceof Error) {
    return {
      name: value.name,
      message: value.message,
      ...("code" in value ? { code: value.code } : {}),
      stack: value.stack,
      ...(value.cause === undefined || depth > 3 ? {} : { cause: plain(value.cause, depth + 1) }),
    };
  }
  return typeof value === "bigint" ? value.toString() : value;
}

/** Makes a log that writes JSON lines through `write` (without the line break). */
export function createLog(write: (line: string) => void, now: () => number = Date.now): Log {
  const emit = (level: Level) => (event: string, fields: Record<string, unknown> = {}) => {
    const line = { at: new Date(now()).toISOString(), level, event, ...fields };
    write(redact(JSON.stringify(line, (_key, value) => plain(value))));
  };
  return { info: emit("info"), warn: emit("warn"), error: emit("error") };
}
