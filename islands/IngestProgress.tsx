import { useEffect, useState } from "preact/hooks";

interface Props {
  /** The page of the load; as JSON it answers these same props, and `finished`. */
  url: string;
  label: string;
  /** 0 to 1; null where nobody knows. */
  part: number | null;
  note: string;
}

const EVERY_MS = 700;
const AFTER_FAULT_MS = 4_000;

/** Follows a load until it is over, then shows the page anew. */
export default function IngestProgress(first: Props) {
  const [{ label, part, note }, setState] = useState(first);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const over = new AbortController();
    async function ask() {
      let wait = EVERY_MS;
      try {
        const headers = { accept: "application/json" };
        const answer = await fetch(first.url, { headers, signal: over.signal });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const next: Props & { finished: boolean } = await answer.json();
        if (next.finished) return location.replace(first.url);
        setState(next);
      } catch {
        // Away for a moment, or for good: what is shown stays true for its time, and we ask again.
        wait = AFTER_FAULT_MS;
      }
      if (!over.signal.aborted) timer = setTimeout(ask, wait);
    }
    timer = setTimeout(ask, EVERY_MS);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, []);

  return (
    <div class="progress">
      <div class="label">
        <span role="status">{label}</span>
        <span>{note}</span>
      </div>
      <progress aria-label={label} max={1} value={part ?? undefined} />
    </div>
  );
}
