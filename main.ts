import { readConfig } from "./lib/config.ts";
import { readArguments, sentenceOf, USAGE, wordsFor } from "./lib/launch/mod.ts";
import { askPerson, listenForSignals, openLogSink, progressDisplay, run } from "./lib/start/mod.ts";
import { createLog } from "./lib/log.ts";
import { createHandler } from "./routes/handler.ts";

// How long a process that is told to leave at once waits for what it was about to end.
const LEAVE_MS = 1_000;

const bytes = (text: string) => new TextEncoder().encode(text);

/** Reads environment and command line, starts, and answers the exit code. */
async function main(): Promise<number> {
  const display = progressDisplay(Deno.stderr);
  const say = display.finish;
  try {
    const args = readArguments(Deno.args);
    if (args.help) {
      console.log(USAGE);
      return 0;
    }
    const { stop, hurry } = listenForSignals(args.ignoreHangup);
    const config = readConfig(Deno.env.toObject());
    const sink = await openLogSink(config, Deno.stderr.isTerminal(), say);
    const log = createLog(sink.write);
    const running = run({
      config,
      args,
      root: new URL("./", import.meta.url),
      print: (line) => {
        display.clear();
        console.log(line);
      },
      display,
      log,
      logFile: sink.file,
      ask: !args.json && Deno.stdin.isTerminal() && Deno.stderr.isTerminal()
        ? (question) =>
          askPerson(
            { input: Deno.stdin.readable, say: (text) => void Deno.stderr.writeSync(bytes(text)) },
            question,
            stop,
          )
        : null,
      createHandler,
      stop,
      hurry,
    });
    const left = Promise.withResolvers<"left">();
    hurry.addEventListener("abort", () => setTimeout(() => left.resolve("left"), LEAVE_MS));
    try {
      return await Promise.race([running, left.promise]) === "left" ? 130 : 0;
    } catch (error) {
      if (stop.aborted) return hurry.aborted ? 130 : 0;
      if (!wordsFor(error)) log.error("start.failed", { error });
      throw error;
    }
  } catch (error) {
    say(sentenceOf(error));
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
