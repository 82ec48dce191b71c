/** A browser without a window: keeps cookies, tells where its forms come from, follows nothing. */
export class CookieJar {
  readonly cookies = new Map<string, string>();
  /** The address that a trusted proxy tells of it; null where none stands in between. */
  address: string | null = null;

  /**
   * @param origin The site's own, which forms come from.
   * @param server Where it is reached: the same, or another process of the same site.
   */
  constructor(
    readonly origin: string,
    readonly server = origin,
    readonly agent = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
  ) {}

  /** Another tab: the same cookies as now, which then go their own way. */
  tab(server = this.server): CookieJar {
    const other = new CookieJar(this.origin, server, this.agent);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  /** Sends one request. */
  async go(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("cookie", [...this.cookies].map((pair) => pair.join("=")).join("; "));
    headers.set("user-agent", this.agent);
    if (this.address !== null) headers.set("x-forwarded-for", this.address);
    if (init.method) headers.set("origin", this.origin);
    const url = new URL(path, this.server);
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (/max-age=0/i.test(cookie)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return answer;
  }

  /** A page's text. */
  async read(path: string): Promise<string> {
    return await (await this.go(path)).text();
  }

  /** The CSRF token that a page's forms carry. */
  async token(path: string): Promise<string> {
    return /name="csrf_token" value="([^"]+)"/.exec(await this.read(path))?.[1] ?? "";
  }

  /**
   * Sends a form as a browser would from the page that it stands on.
   *
   * @returns The answer's status, where it leads, and its text.
   */
  async submit(
    path: string,
    fields: Record<string, string> = {},
    from = path,
  ): Promise<{ status: number; location: string | null; text: string; headers: Headers }> {
    const body = new URLSearchParams({ csrf_token: await this.token(from), ...fields });
    const headers = { referer: new URL(from, this.origin).href };
    const answer = await this.go(path, { method: "POST", body, headers });
    const { status } = answer;
    const text = await answer.text();
    return { status, location: answer.headers.get("location"), text, headers: answer.headers };
  }
}
