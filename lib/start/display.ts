/** A terminal, or what stands in for one. */
export interface Screen {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

/** Tells people what is going on: lines that stay, and one that is written over. */
export interface ProgressDisplay {
  /** Replaces the line that is being shown. Nothing where there is no terminal. */
  update(text: string): void;
  /** Ends it with a line that stays. */
  finish(text: string): void;
  /** Takes it away, before something else is written. */
  clear(): void;
}

const ERASE = "\r\x1b[2K";

/** Shows progress in one line that is written over; where there is no terminal, only lines that stay. */
export function progressDisplay(screen: Screen): ProgressDisplay {
  const live = screen.isTerminal();
  let shown = false;
  const write = (text: string) => {
    try {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += screen.writeSync(bytes.subarray(at));
    } catch {
      // The terminal has closed, or nobody reads any more: that must end nothing else.
    }
  };
  const erased = () => shown ? (shown = false, ERASE) : "";
  return {
    update(text) {
      if (!live) return;
      write(ERASE + text);
      shown = true;
    },
    finish: (text) => write(`${erased()}${text}\n`),
    clear: () => write(erased()),
  };
}
