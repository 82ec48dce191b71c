import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { getForeign, isPublicAddress, type OutboundPolicy, PUBLIC_ONLY } from "./outbound.ts";

const LIMITS = { maxBytes: 5 * 1024, timeoutMs: 3000 };

/** Lets through to the loopback alone, under any name. */
function loopback(addresses: readonly string[] = ["127.0.0.1"]) {
  const asked: string[] = [];
  const policy: OutboundPolicy = {
    allows: (address) => address === "127.0.0.1",
    resolve: (host) => {
      asked.push(host);
      return Promise.resolve(addresses);
    },
    allowsPlain: true,
  };
  return { policy, asked };
}

function serve(handler: (request: Request) => Response | Promise<Response>) {
  const requests: Request[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    requests.push(request);
    return handler(request);
  });
  const { port } = server.addr;
  return {
    requests,
    url: (path: string, host = "client.example") => new URL(`http://${host}:${port}${path}`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const refusal = (text: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === "INVALID_REQUEST" && text.test(error.message);

Deno.test("isPublicAddress() lets nothing through that is not on the public internet", () => {
  const inside = [
    ["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"],
    ["172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1"],
    ["198.51.100.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
    ["::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::8.8.8.8"],
    ["fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "ff02::1", "2001:db8::1", "2002:7f00:1::"],
    ["2001::1", "3fff::1", "100::1", "localhost", "", "0x7f000001", "127.1"],
  ].flat();
  for (const address of inside) assert.equal(isPublicAddress(address), false, address);
  for (const address of ["8.8.8.8", "172.32.0.1", "192.1.0.1", "2606:4700::1111", "2a00::1"]) {
    assert.equal(isPublicAddress(address), true, address);
  }
});

Deno.test("getForeign() connects to the address that was checked, whatever the name says later", async () => {
  await using server = serve((request) => new Response(request.headers.get("host")));
  const { policy, asked } = loopback();
  const url = server.url("/client.json");
  const answer = await getForeign(url, policy, LIMITS);
  assert.equal(answer.status, 200);
  assert.equal(new TextDecoder().decode(answer.body), url.host);
  assert.deepEqual(asked, ["client.example"]);
});

Deno.test("getForeign() refuses a name of which any address is inside", async () => {
  await using server = serve(() => new Response("secret"));
  for (const addresses of [["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], []]) {
    const { policy } = loopback(addresses);
    await assert.rejects(getForeign(server.url("/"), policy, LIMITS), refusal(/public internet/));
  }
  for (const host of ["127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f.1"]) {
    const url = server.url("/", host);
    url.protocol = "https:";
    await assert.rejects(getForeign(url, PUBLIC_ONLY, LIMITS), refusal(/public internet/), host);
  }
  assert.equal(server.requests.length, 0);
});

Deno.test("getForeign() takes https alone unless the policy says otherwise", async () => {
  await using server = serve(() => new Response("x"));
  const { policy } = loopback();
  const strict = { ...policy, allowsPlain: false };
  await assert.rejects(getForeign(server.url("/"), strict, LIMITS), refusal(/https/));
  for (const url of ["file:///etc/passwd", "ftp://client.example/", "data:,x"]) {
    await assert.rejects(getForeign(new URL(url), policy, LIMITS), refusal(/https/), url);
  }
  assert.equal(server.requests.length, 0);
});

Deno.test("getForeign() follows no redirect, and speaks TLS where the URL says so", async () => {
  await using server = serve((request) =>
    new URL(request.url).pathname === "/"
      ? new Response(null, { status: 302, headers: { location: "/inside" } })
      : new Response("secret")
  );
  const { policy } = loopback();
  const answer = await getForeign(server.url("/"), policy, LIMITS);
  assert.equal(answer.status, 302);
  assert.equal(server.requests.length, 1);
  const tls = server.url("/");
  tls.protocol = "https:";
  await assert.rejects(getForeign(tls, policy, LIMITS), refusal(/Nothing usable/));
});

Deno.test("getForeign() stops reading past the limit, declared or not", async () => {
  await using server = serve((request) => {
    const big = "x".repeat(LIMITS.maxBytes + 1);
    const { pathname } = new URL(request.url);
    if (pathname === "/fits") return new Response(big.slice(1));
    if (pathname === "/declared") return new Response(big);
    return new Response(
      ReadableStream.from([big.slice(0, 4000), big.slice(0, 4000)])
        .pipeThrough(new TextEncoderStream()),
    );
  });
  const { policy } = loopback();
  const fits = await getForeign(server.url("/fits"), policy, LIMITS);
  assert.equal(fits.body.length, LIMITS.maxBytes);
  for (const path of ["/declared", "/streamed"]) {
    await assert.rejects(getForeign(server.url(path), policy, LIMITS), refusal(/more than/), path);
  }
});

Deno.test("getForeign() gives up on what is slow, in the name, the answer or the body", async () => {
  const hold = Promise.withResolvers<void>();
  await using server = serve((request) =>
    new URL(request.url).pathname === "/headers"
      ? hold.promise.then(() => new Response("late"))
      : new Response(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(new TextEncoder().encode("{"));
            await hold.promise;
            controller.close();
          },
        }),
      )
  );
  const limits = { ...LIMITS, timeoutMs: 150 };
  const { policy } = loopback();
  const never = { ...policy, resolve: () => hold.promise.then(() => ["127.0.0.1"]) };
  await assert.rejects(getForeign(server.url("/headers"), policy, limits), refusal(/too long/));
  await assert.rejects(getForeign(server.url("/body"), policy, limits), refusal(/too long/));
  await assert.rejects(getForeign(server.url("/headers"), never, limits), refusal(/too long/));
  hold.resolve();
});
