import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { csrfOf, hiddenField } from "./browser.ts";
import type { Endpoint, House, Person, Replica } from "./house.ts";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** An answer of a machine endpoint. */
export interface MachineAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** Parameters of a request: several values where a parameter is repeated. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** Parameters as they are sent. */
export function encode(fields: Fields): URLSearchParams {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) out.append(name, one as string);
  }
  return out;
}

/** Sends a form to a machine endpoint. */
export async function post(
  origin: string,
  path: string,
  fields: Fields,
  headers: Readonly<Record<string, string>> = {},
): Promise<MachineAnswer> {
  const answer = await fetch(`${origin}${path}`, {
    method: "POST",
    body: encode(fields),
    headers,
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** Registers a client as it asks for. */
export async function register(origin: string, metadata: unknown): Promise<MachineAnswer> {
  const answer = await fetch(`${origin}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(metadata),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** The S256 challenge of a verifier. */
export const challengeOf = (verifier: string) =>
  createHash("sha256").update(verifier).digest("base64url");

/** Tokens as a client keeps them. */
export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly scope: string;
}

/**
 * Where a browser is sent: by a redirect, or by the link that a person presses on the page which names the
 * app and the destination (RFC 9700, 4.11.2).
 */
export async function sentTo(answer: Response): Promise<URL> {
  const location = answer.headers.get("location");
  const html = await answer.text();
  if (location !== null) return new URL(location);
  const link = linkOf(html);
  assert.ok(link, html);
  return link;
}

/** The link of the page that stands before an app's address; null on any other page. */
export function linkOf(html: string): URL | null {
  const link = /<a href="([^"]+)">(?:Continue to|Go back to) /.exec(html)?.[1];
  return link ? new URL(link.replaceAll("&amp;", "&")) : null;
}

/** What a person does on the consent page. */
export interface Decision {
  readonly endpoints?: readonly Endpoint[];
  readonly write?: boolean;
  /** False: they untick that each change waits for approval. */
  readonly review?: boolean;
  readonly refuse?: boolean;
  /** Fields besides, as the page names them. */
  readonly more?: Fields;
}

const VERIFIER = "a-verifier-of-forty-three-characters-or-more.~_";

/** An app that asks for access: registered as it likes, and sending what it likes. */
export class App {
  readonly verifier = VERIFIER;

  constructor(
    readonly house: House,
    readonly clientId: string,
    readonly redirectUri: string,
    readonly secret: string | null = null,
    readonly method: "none" | "client_secret_basic" | "client_secret_post" = "none",
  ) {}

  /** A well-formed request for authorization. */
  request(fields: Fields = {}): Record<string, string | readonly string[]> {
    return {
      response_type: "code",
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      state: "a state, with ü & = ?",
      code_challenge: challengeOf(this.verifier),
      code_challenge_method: "S256",
      ...fields,
    };
  }

  /** Opens the authorization endpoint in a person's browser. */
  ask(person: Person, fields: Fields = {}): Promise<Response> {
    return person.browser.go(`/oauth/authorize?${encode(this.request(fields))}`);
  }

  /** Has a person decide; answers where their browser is sent. */
  async decide(person: Person, fields: Fields, decision: Decision): Promise<URL> {
    const page = await this.ask(person, fields);
    const html = await page.text();
    assert.equal(page.status, 200, html);
    const answer = await person.browser.post("/oauth/authorize", {
      csrf_token: csrfOf(html),
      request: hiddenField(html, "request"),
      decision: decision.refuse ? "refuse" : "allow",
      endpoints: (decision.endpoints ?? []).map(({ id }) => id),
      ...(decision.write ? { write: "yes" } : {}),
      ...(decision.review === false || !html.includes('name="review"') ? {} : { review: "yes" }),
      ...decision.more,
    });
    assert.equal(answer.status, decision.refuse ? 200 : 303);
    return await sentTo(answer);
  }

  /** Has a person agree; answers the code. */
  async code(
    person: Person,
    endpoints: readonly Endpoint[],
    fields: Fields = {},
    write = false,
    review = true,
  ): Promise<string> {
    const url = await this.decide(person, fields, { endpoints, write, review });
    const code = url.searchParams.get("code");
    assert.ok(code, url.href);
    return code;
  }

  /** How the app proves who it is. */
  credentials(): { fields: Fields; headers: Record<string, string> } {
    const { clientId, secret } = this;
    switch (this.method) {
      case "none":
        return { fields: { client_id: clientId }, headers: {} };
      case "client_secret_post":
        return { fields: { client_id: clientId, client_secret: secret! }, headers: {} };
      case "client_secret_basic":
        return { fields: {}, headers: { authorization: basic(clientId, secret!) } };
    }
  }

  /** Sends a token request; `undefined` leaves a parameter of the usual ones out. */
  async token(
    fields: Readonly<Record<string, string | readonly string[] | undefined>>,
    at: Replica = this.house,
  ): Promise<MachineAnswer> {
    const { fields: own, headers } = this.credentials();
    const sent = Object.entries({ ...own, ...fields }).filter(([, value]) => value !== undefined);
    return await post(at.origin, "/oauth/token", Object.fromEntries(sent) as Fields, headers);
  }

  /** Redeems a code. */
  redeem(
    code: string,
    fields: Readonly<Record<string, string | readonly string[] | undefined>> = {},
    at?: Replica,
  ): Promise<MachineAnswer> {
    return this.token({
      grant_type: "authorization_code",
      code,
      redirect_uri: this.redirectUri,
      code_verifier: this.verifier,
      ...fields,
    }, at);
  }

  /** Refreshes. */
  refresh(
    refresh_token: string,
    fields: Readonly<Record<string, string | readonly string[] | undefined>> = {},
    at?: Replica,
  ): Promise<MachineAnswer> {
    return this.token({ grant_type: "refresh_token", refresh_token, ...fields }, at);
  }

  /** Gives a token back. */
  revoke(token: string, fields: Fields = {}, at: Replica = this.house): Promise<MachineAnswer> {
    const { fields: own, headers } = this.credentials();
    return post(at.origin, "/oauth/revoke", { ...own, token, ...fields }, headers);
  }

  /** The whole way: asks, has a person agree, redeems. */
  async connect(
    person: Person,
    endpoints: readonly Endpoint[],
    fields: Fields = {},
    write = false,
    review = true,
  ): Promise<Tokens> {
    return tokensOf(await this.redeem(await this.code(person, endpoints, fields, write, review)));
  }
}

/** The tokens of a successful answer. */
export function tokensOf({ status, body }: MachineAnswer): Tokens {
  assert.equal(status, 200, JSON.stringify(body));
  return {
    access: String(body["access_token"]),
    refresh: String(body["refresh_token"]),
    scope: String(body["scope"]),
  };
}

/** `Authorization: Basic` as RFC 6749, section 2.3.1, builds it. */
export function basic(clientId: string, secret: string): string {
  const part = (text: string) => encodeURIComponent(text).replaceAll("%20", "+");
  return `Basic ${btoa(`${part(clientId)}:${part(secret)}`)}`;
}

/** An app that registers itself. */
export async function dynamicApp(
  house: House,
  metadata: Json = {},
  method: App["method"] = "none",
): Promise<App> {
  const redirects = (metadata["redirect_uris"] as string[] | undefined) ??
    ["https://app.example/callback"];
  const { status, body } = await register(house.origin, {
    client_name: "Test app",
    redirect_uris: redirects,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: method,
    ...metadata,
  });
  assert.equal(status, 201, JSON.stringify(body));
  const secret = (body["client_secret"] as string | undefined) ?? null;
  return new App(house, String(body["client_id"]), redirects[0]!, secret, method);
}

/** Calls an endpoint with a token; answers the status and the challenge. */
export async function call(
  endpoint: Endpoint,
  token: string,
  at?: Replica,
): Promise<{ status: number; challenge: string | null; body: Json }> {
  const url = at ? endpoint.url.replace(/^http:\/\/[^/]+/, at.origin) : endpoint.url;
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
  });
  return {
    status: answer.status,
    challenge: answer.headers.get("www-authenticate"),
    body: await answer.json(),
  };
}

/** Expects an error of the token endpoint as RFC 6749, section 5.2, wants it. */
export function refused(answer: MachineAnswer, error: string, status = 400): void {
  assert.deepEqual(
    [answer.status, answer.body["error"]],
    [status, error],
    JSON.stringify(answer.body),
  );
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  assert.deepEqual(Object.keys(answer.body).sort(), ["error", "error_description"]);
  // Section 5.2: the characters that a description may have.
  assert.match(String(answer.body["error_description"]), /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
}
