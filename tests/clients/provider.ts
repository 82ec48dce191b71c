import assert from "node:assert/strict";
import type { OAuthClientProvider } from "@modelcontextprotocol/client";

type Saved<Method extends (...args: never[]) => unknown> = Parameters<Method>[0];
type Client = Saved<NonNullable<OAuthClientProvider["saveClientInformation"]>>;
type Tokens = Saved<OAuthClientProvider["saveTokens"]>;
type Discovery = Saved<NonNullable<OAuthClientProvider["saveDiscoveryState"]>>;

/**
 * What an application that embeds an SDK brings along: it keeps what the SDK gives it to keep, and has a
 * listener on the loopback for the answer. It does for both SDKs.
 */
export class Provider implements OAuthClientProvider, AsyncDisposable {
  readonly clientMetadataUrl?: string;
  /** Where the SDK has sent the person, so far. */
  readonly opened: URL[] = [];
  /** What each request to an endpoint was answered. */
  readonly statuses: number[] = [];
  #answer: URLSearchParams | null = null;
  #client: Client | undefined;
  #tokens: Tokens | undefined;
  #discovery: Discovery | undefined;
  #verifier = "";
  #state = "";
  readonly #listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const url = new URL(request.url);
      if (url.pathname === "/callback") this.#answer = url.searchParams;
      return new Response("You can close this window.");
    },
  );

  /** @param clientMetadataUrl Where the application's metadata document lies, if it has one. */
  constructor(readonly name: string, readonly mcpUrl: URL, clientMetadataUrl?: string) {
    if (clientMetadataUrl) this.clientMetadataUrl = clientMetadataUrl;
  }

  get redirectUrl(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/callback`;
  }

  get clientMetadata() {
    return {
      client_name: this.name,
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  /** The answer at the redirect, which must be the one to the last request. */
  answer(): URLSearchParams {
    assert.equal(this.#answer?.get("state"), this.#state);
    return this.#answer!;
  }

  /** `fetch`, with the endpoint's answers written down. */
  readonly fetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    if (new URL(url).pathname.startsWith("/mcp/")) this.statuses.push(response.status);
    return response;
  };

  /** Makes the access token one that has long expired, as far as the server knows it. */
  spoil(): void {
    this.#tokens = { ...this.#tokens!, access_token: `bhd_oat_${"0".repeat(36)}` };
  }

  state(): string {
    return this.#state = crypto.randomUUID();
  }
  clientInformation(): Client | undefined {
    return this.#client;
  }
  saveClientInformation(client: Client): void {
    this.#client = client;
  }
  tokens(): Tokens | undefined {
    return this.#tokens;
  }
  saveTokens(tokens: Tokens): void {
    this.#tokens = tokens;
  }
  redirectToAuthorization(url: URL): void {
    this.opened.push(url);
  }
  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }
  codeVerifier(): string {
    return this.#verifier;
  }
  discoveryState(): Discovery | undefined {
    return this.#discovery;
  }
  saveDiscoveryState(state: Discovery): void {
    this.#discovery = state;
  }
  invalidateCredentials(what: "all" | "client" | "tokens" | "verifier" | "discovery"): void {
    if (what === "all" || what === "client") this.#client = undefined;
    if (what === "all" || what === "tokens") this.#tokens = undefined;
    if (what === "all" || what === "discovery") this.#discovery = undefined;
  }

  async [Symbol.asyncDispose]() {
    await this.#listener.shutdown();
  }
}
