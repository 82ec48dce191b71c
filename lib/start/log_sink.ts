import { join } from "node:path";
import type { Config } from "../config.ts";

/** Where log lines go. */
export interface LogSink {
  /** Takes one line, without its break. */
  write(line: string): void;
  /** The file; null where lines go to standard error. */
  readonly file: string | null;
}

const MOST_BYTES = 10 * 1024 * 1024;

/**
 * Opens what the configuration says. Where it says nothing: a file in the data folder if a person
 * watches standard error, else standard error, which a service manager collects. The file has at most
 * 10 MB; the one before it is kept beside it with `.1`.
 *
 * @param watched Whether standard error is a terminal.
 */
export async function openLogSink(
  { dataDir, log }: Pick<Config, "dataDir" | "log">,
  watched: boolean,
  say: (line: string) => void,
): Promise<LogSink> {
  const choice = log ?? (watched ? "file" : "stderr");
  if (choice === "stderr") return { write: say, file: null };
  const folder = join(dataDir, "log");
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "server.log");
  const open = () => Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  let file = open();
  let bytes = file.statSync().size;
  const encoder = new TextEncoder();
  return {
    file: path,
    write(line) {
      const text = encoder.encode(`${line}\n`);
      if (bytes > 0 && bytes + text.length > MOST_BYTES) {
        file.close();
        Deno.renameSync(path, `${path}.1`);
        file = open();
        bytes = 0;
      }
      for (let at = 0; at < text.length;) at += file.writeSync(text.subarray(at));
      bytes += text.length;
    },
  };
}
