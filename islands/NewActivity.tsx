import { useEffect, useState } from "preact/hooks";

interface Props {
  /** The list as it is, anew. */
  page: string;
  /** As JSON it answers how many newer entries there are, and whether there are still more. */
  newer: string;
}

interface News {
  readonly count: number;
  readonly more: boolean;
}

const EVERY_MS = 4_000;
const AFTER_FAULT_MS = 15_000;

const told = ({ count, more }: News) =>
  count === 1 ? "1 new entry" : `${count}${more ? " or more" : ""} new entries`;

/** Tells of what happened since the page was made, for as long as somebody looks at it. */
export default function NewActivity({ page, newer }: Props) {
  const [news, setNews] = useState<News>({ count: 0, more: false });
  const [signedOut, setSignedOut] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    const over = new AbortController();
    async function ask() {
      asking = true;
      let wait = EVERY_MS;
      try {
        const headers = { accept: "application/json" };
        const answer = await fetch(newer, { headers, signal: over.signal });
        if (answer.status === 401) return setSignedOut(true);
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const next: News = await answer.json();
        setNews(next);
        // More than are counted: what is told does not change any more.
        if (next.more) return;
      } catch {
        wait = AFTER_FAULT_MS;
      } finally {
        asking = false;
      }
      if (!over.signal.aborted && !document.hidden) timer = setTimeout(ask, wait);
    }
    // Nobody reads a hidden page, and asking would keep its session alive.
    const turn = () => {
      clearTimeout(timer);
      if (!document.hidden && !asking) timer = setTimeout(ask, 0);
    };
    document.addEventListener("visibilitychange", turn);
    if (!document.hidden) timer = setTimeout(ask, EVERY_MS);
    return () => {
      document.removeEventListener("visibilitychange", turn);
      clearTimeout(timer);
      over.abort();
    };
  }, []);

  return (
    <div class="news" role="status">
      {signedOut
        ? (
          <p>
            You are signed out. <a href={`/sign-in?next=${encodeURIComponent(page)}`}>Sign in</a>
            {" to see what is new."}
          </p>
        )
        : news.count > 0 && (
          <p>
            {told(news)}. <a href={page}>Show</a>
          </p>
        )}
    </div>
  );
}
