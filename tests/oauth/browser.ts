/** A browser as far as forms and cookies go. */
export class Browser {
  readonly #jar = new Map<string, string>();

  constructor(readonly origin: string) {}

  /** Sends one request with the cookies that it has; follows nothing. */
  async go(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#jar.size) {
      headers.set("cookie", [...this.#jar].map((pair) => pair.join("=")).join("; "));
    }
    const url = new URL(path, this.origin);
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (/max-age=0/i.test(cookie)) this.#jar.delete(name!);
      else this.#jar.set(name!, value!);
    }
    return answer;
  }

  /** Opens a page and answers its text. */
  async read(path: string): Promise<string> {
    const answer = await this.go(path);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${text}`);
    return text;
  }

  /** Posts a form as it would be posted from a page that was opened before. */
  async post(
    action: string,
    fields: Readonly<Record<string, string | readonly string[]>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) {
      for (const one of [value].flat()) body.append(name, one as string);
    }
    return await this.go(action, {
      method: "POST",
      body,
      headers: { origin: this.origin, "sec-fetch-site": "same-origin", ...headers },
    });
  }

  /** Opens a page and sends its form to the same address, with the token that the page holds. */
  async submit(
    path: string,
    fields: Readonly<Record<string, string | readonly string[]>>,
    action = path,
  ): Promise<Response> {
    const csrf_token = csrfOf(await this.read(path));
    return await this.post(action, { csrf_token, ...fields });
  }

  /** Forgets every cookie. */
  signOut(): void {
    this.#jar.clear();
  }
}

/** The CSRF token of a page's last form. */
export function csrfOf(html: string): string {
  const found = [...html.matchAll(/name="csrf_token" value="([^"]+)"/g)].at(-1);
  if (!found) throw new Error(`no form in: ${html}`);
  return found[1]!;
}

/** The value of a page's hidden field. */
export function hiddenField(html: string, name: string): string {
  const found = new RegExp(`name="${name}" value="([^"]*)"`).exec(html);
  if (!found) throw new Error(`no field ${name} in: ${html}`);
  return found[1]!.replaceAll("&amp;", "&").replaceAll("&quot;", '"');
}
