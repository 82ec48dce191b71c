import assert from "node:assert/strict";
import { clientAddress, clientOf, truncateAddress } from "./address.ts";

const from = (forwarded?: string) =>
  new Request("http://x/", forwarded ? { headers: { "x-forwarded-for": forwarded } } : {});

Deno.test("clientAddress() believes X-Forwarded-For from trusted proxies alone", () => {
  const trusted = ["10.0.0.0/8", "fd00::/8", "127.0.0.1"];
  const cases: [peer: string | null, forwarded: string | undefined, expected: string | null][] = [
    ["203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["10.1.1.1", "198.51.100.1", "198.51.100.1"],
    ["::ffff:10.1.1.1", "198.51.100.1", "198.51.100.1"],
    ["::ffff:a01:101", "::FFFF:c633:6401", "198.51.100.1"],
    ["0:0:0:0:0:ffff:10.1.1.1", "[::ffff:198.51.100.1]", "198.51.100.1"],
    ["fd00::1", "2001:db8::5", "2001:db8::5"],
    ["127.0.0.1", undefined, "127.0.0.1"],
    // What the client wrote itself stands further left than what the proxy saw.
    ["10.1.1.1", "6.6.6.6, 198.51.100.1, 10.2.2.2", "198.51.100.1"],
    ["10.1.1.1", "6.6.6.6, nonsense, 10.2.2.2", "10.2.2.2"],
    ["10.1.1.1", "nonsense", "10.1.1.1"],
    [null, "198.51.100.1", null],
    ["/run/socket", "198.51.100.1", null],
  ];
  for (const [peer, forwarded, expected] of cases) {
    assert.equal(clientAddress(from(forwarded), peer, trusted), expected, `${peer} ${forwarded}`);
  }
  assert.equal(clientAddress(from("198.51.100.1"), "127.0.0.1", []), "127.0.0.1");
});

Deno.test("truncateAddress() keeps IPv4 /24 and IPv6 /48", () => {
  assert.equal(truncateAddress("203.0.113.9"), "203.0.113.0/24");
  assert.equal(truncateAddress("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
  assert.equal(truncateAddress("2001:0DB8:0001::1"), "2001:db8:1::/48");
  assert.equal(truncateAddress("2001:db8::1"), "2001:db8:0::/48");
  assert.equal(truncateAddress("::1"), "0:0:0::/48");
});

Deno.test("clientOf() tells the address, and the network that may be kept of it", () => {
  const none = { trustedProxies: [] };
  assert.deepEqual(clientOf(from(), null, none), { address: null, network: null });
  assert.deepEqual(clientOf(from(), "::ffff:192.0.2.1", none), {
    address: "192.0.2.1",
    network: "192.0.2.0/24",
  });
});

Deno.test("clientOf() remembers a peer only where it is nobody's proxy", () => {
  const none = { trustedProxies: [] };
  const proxied = { trustedProxies: ["192.0.2.77"] };
  const direct = { address: "192.0.2.77", network: "192.0.2.0/24" };
  assert.deepEqual(clientOf(from("198.51.100.1"), "192.0.2.77", none), direct);
  for (const client of ["198.51.100.1", "198.51.100.2"]) {
    assert.equal(clientOf(from(client), "192.0.2.77", proxied).address, client);
    assert.deepEqual(clientOf(from(client), "192.0.2.77", none), direct);
  }
});
