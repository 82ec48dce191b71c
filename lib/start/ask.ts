/** Where a person answers. */
export interface Terminal {
  readonly input: ReadableStream<Uint8Array>;
  say(text: string): void;
}

/**
 * Asks a person yes or no on one line; whatever is no yes is a no, and so is the end of the input.
 *
 * @throws The signal's reason where the process is told to stop meanwhile.
 */
export async function askPerson(
  { input, say }: Terminal,
  question: string,
  signal: AbortSignal,
): Promise<boolean> {
  say(`${question} [y/N] `);
  const reader = input.getReader();
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop);
  const decoder = new TextDecoder();
  let answer = "";
  try {
    // Not `prompt()`: it holds the whole process, and Ctrl-C with it.
    while (!answer.includes("\n")) {
      signal.throwIfAborted();
      const { value, done } = await Promise.race([reader.read(), stopped.promise]);
      if (done) break;
      answer += decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener("abort", stop);
    reader.releaseLock();
  }
  return /^\s*y(es)?\s*$/i.test(answer.split("\n", 1)[0]!);
}
