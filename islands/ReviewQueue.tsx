import { useEffect, useState } from "preact/hooks";

interface Props {
  /** The page that it stands on; as JSON it answers `News`. */
  url: string;
  /** Names what the page shows of the queue. */
  mark: string;
  /** Id of the element that holds the queue. */
  target: string;
}

interface News {
  readonly mark: string;
  readonly waiting: number;
}

const EVERY_MS = 3_000;
const AFTER_FAULT_MS = 12_000;

/** The changes of a queue by what names each as it stands. */
const itemsOf = (queue: Element) =>
  new Map(
    Array.from(
      queue.querySelectorAll<HTMLElement>("[data-change]"),
      (item) => [`${item.dataset["change"]} ${item.dataset["mark"]}`, item],
    ),
  );

/** Reads a page as a document. By this request, since trusted types keep scripts from parsing HTML. */
function readPage(url: string, signal: AbortSignal): Promise<Document> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.setRequestHeader("accept", "text/html");
    request.onload = () =>
      request.status === 200 && request.responseXML
        ? resolve(request.responseXML)
        : reject(new Error(`status ${request.status}`));
    request.onerror = request.onabort = () => reject(new Error("no answer"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send();
  });
}

/** Shows a queue as it is now; what is the same stays, with what was ticked and typed in it. */
function renew(queue: Element, next: Element): void {
  const shown = itemsOf(queue);
  for (const [name, item] of itemsOf(next)) {
    const same = shown.get(name);
    if (same) item.replaceWith(same);
  }
  queue.replaceChildren(...next.childNodes);
}

/** Keeps a queue as it is on the server, for as long as somebody looks at it, and says so. */
export default function ReviewQueue({ url, mark, target }: Props) {
  const [said, setSaid] = useState("");
  const [signedOut, setSignedOut] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let known = mark;
    let asking = false;
    const over = new AbortController();

    async function look(): Promise<void> {
      const answer = await fetch(url, {
        headers: { accept: "application/json" },
        signal: over.signal,
      });
      if (answer.status === 401) {
        setSignedOut(true);
        over.abort();
        return;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const news: News = await answer.json();
      if (news.mark === known) return;
      const page = await readPage(url, over.signal);
      const [queue, next] = [document.getElementById(target), page.getElementById(target)];
      if (!queue || !next) return;
      // Whoever types a note finishes first.
      if (
        queue.contains(document.activeElement) &&
        document.activeElement?.matches("input:not([type=checkbox])")
      ) {
        return;
      }
      renew(queue, next);
      known = news.mark;
      setSaid(news.waiting === 1 ? "1 change waits" : `${news.waiting} changes wait`);
    }

    async function ask() {
      asking = true;
      let wait = EVERY_MS;
      try {
        await look();
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
      if (!document.hidden && !asking && !over.signal.aborted) timer = setTimeout(ask, 0);
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
    <div role="status" aria-live="polite" class={signedOut ? "news" : "visually-hidden"}>
      {signedOut
        ? (
          <p>
            You are signed out. <a href={`/sign-in?next=${encodeURIComponent(url)}`}>Sign in</a>
            {" to go on."}
          </p>
        )
        : said}
    </div>
  );
}
