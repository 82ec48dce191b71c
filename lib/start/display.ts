import type { ProgressDisplay } from "./quickstart.ts";

/** A terminal, or what stands in for one. */
export interface Screen {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Shows progress in one line that is written over; where there is no terminal, only its end. */
export function progressDisplay(screen: Screen): ProgressDisplay {
  const live = screen.isTerminal();
  const ERASE = "\r\x1b[2K";
  return {
    update(text) {
      if (live) screen.writeSync(bytes(ERASE + text));
    },
    finish: (text) => void screen.writeSync(bytes(`${live ? ERASE : ""}${text}\n`)),
  };
}
