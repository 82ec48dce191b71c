/**
 * The page to go to after signing in, as the address bar asked for it: a path on this site, or
 * `fallback`. A browser reads `\` as `/`, and two of those as another host, so that the text is judged
 * by what a browser would make of it.
 */
export function nextPath(asked: string | null, fallback: string): string {
  const base = "http://site.invalid";
  const url = asked?.startsWith("/") ? URL.parse(asked, base) : null;
  // What was taken for a path may become a host once its dots are resolved: `/..//evil.example`.
  return url?.origin === base && !url.pathname.startsWith("//")
    ? url.pathname + url.search
    : fallback;
}
