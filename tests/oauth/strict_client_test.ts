/** The flows as oauth4webapi walks them, which accepts nothing that the specifications do not say. */
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { call, sentTo } from "./app.ts";
import { csrfOf, hiddenField } from "./browser.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";

let house: House;
let person: Person;
let endpoint: Endpoint;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person();
  endpoint = await house.endpoint(person);
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

// The loopback is the one place where http is to be had.
const PLAIN = { [oauth.allowInsecureRequests]: true };
const CALLBACK = "https://strict.example/callback";

async function discover(algorithm: "oauth2" | "oidc"): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(house.origin);
  const answer = await oauth.discoveryRequest(issuer, { ...PLAIN, algorithm });
  return await oauth.processDiscoveryResponse(issuer, answer);
}

/** Sends the browser to the authorization endpoint, has the person agree, answers the callback. */
async function agreeTo(url: URL): Promise<URL> {
  const html = await person.browser.read(url.pathname + url.search);
  const answer = await person.browser.post("/oauth/authorize", {
    csrf_token: csrfOf(html),
    request: hiddenField(html, "request"),
    decision: "allow",
    endpoints: [endpoint.id],
  });
  return new URL(answer.headers.get("location")!);
}

for (const method of ["none", "client_secret_basic", "client_secret_post"] as const) {
  Deno.test(`a strict client discovers, registers, gets in, refreshes and leaves, by ${method}`, async () => {
    const server = await discover("oauth2");
    const registered = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(server, {
        client_name: "Strict",
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: method,
        grant_types: ["authorization_code", "refresh_token"],
      }, PLAIN),
    );
    const client: oauth.Client = { client_id: registered.client_id };
    const secret = String(registered.client_secret);
    const auth = {
      none: () => oauth.None(),
      client_secret_basic: () => oauth.ClientSecretBasic(secret),
      client_secret_post: () => oauth.ClientSecretPost(secret),
    }[method]();

    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint!);
    for (
      const [name, value] of Object.entries({
        client_id: client.client_id,
        redirect_uri: CALLBACK,
        response_type: "code",
        scope: "mcp",
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        resource: endpoint.url,
      })
    ) url.searchParams.set(name, value);
    // Checks state, and that the issuer is the one that was discovered (RFC 9207).
    const parameters = oauth.validateAuthResponse(server, client, await agreeTo(url), state);
    const tokens = await oauth.processAuthorizationCodeResponse(
      server,
      client,
      await oauth.authorizationCodeGrantRequest(
        server,
        client,
        auth,
        parameters,
        CALLBACK,
        verifier,
        { ...PLAIN, additionalParameters: { resource: endpoint.url } },
      ),
    );
    assert.equal(tokens.scope, "mcp");
    assert.equal((await call(endpoint, tokens.access_token)).status, 200);

    const refreshed = await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, auth, tokens.refresh_token!, PLAIN),
    );
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal((await call(endpoint, refreshed.access_token)).status, 200);

    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, auth, refreshed.refresh_token!, PLAIN),
    );
    assert.equal((await call(endpoint, refreshed.access_token)).status, 401);
    await assert.rejects(
      oauth.refreshTokenGrantRequest(server, client, auth, refreshed.refresh_token!, PLAIN)
        .then((answer) => oauth.processRefreshTokenResponse(server, client, answer)),
      (error) => error instanceof oauth.ResponseBodyError && error.error === "invalid_grant",
    );
  });
}

Deno.test("a strict client accepts the OpenID path, and errors of both endpoints", async () => {
  const server = await discover("oidc");
  assert.deepEqual(server, await discover("oauth2"));
  const { client_id } = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(server, {
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: "none",
    }, PLAIN),
  );
  const client = { client_id };
  const url = new URL(server.authorization_endpoint!);
  url.search = String(
    new URLSearchParams({
      client_id,
      redirect_uri: CALLBACK,
      response_type: "token",
      state: "s",
    }),
  );
  const answer = await person.browser.go(url.pathname + url.search);
  const callback = await sentTo(answer);
  assert.throws(
    () => oauth.validateAuthResponse(server, client, callback, "s"),
    (error) =>
      error instanceof oauth.AuthorizationResponseError &&
      error.error === "unsupported_response_type",
  );
  // Without its issuer the same answer would not be believed.
  callback.searchParams.delete("iss");
  assert.throws(
    () => oauth.validateAuthResponse(server, client, callback, "s"),
    (error) => error instanceof oauth.OperationProcessingError,
  );
});
