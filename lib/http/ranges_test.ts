import assert from "node:assert/strict";
import { inRanges, parseNetwork, plainAddress, withinNetworks } from "./ranges.ts";

Deno.test("parseNetwork() writes each network one way, and takes nothing else", () => {
  const cases: [text: string, expected: string | null][] = [
    ["192.0.2.7", "192.0.2.7/32"],
    [" 192.0.2.7/24 ", "192.0.2.0/24"],
    ["10.255.255.255/9", "10.128.0.0/9"],
    ["10.1.2.3/0", "0.0.0.0/0"],
    ["2001:DB8:0:0::1", "2001:db8::1/128"],
    ["2001:db8:ffff::/33", "2001:db8:8000::/33"],
    ["::/0", "::/0"],
    ["::1", "::1/128"],
    ["::ffff:192.0.2.7", "192.0.2.7/32"],
    ["::ffff:192.0.2.7/120", "192.0.2.0/24"],
    ["::ffff:c000:207/128", "192.0.2.7/32"],
    // Wider than the mapped addresses: neither IPv4 nor anything that anybody means.
    ["::ffff:192.0.2.7/95", null],
    ["192.0.2.0/33", null],
    ["2001:db8::/129", null],
    ["192.0.2.0/", null],
    ["192.0.2.0/24/24", null],
    ["192.0.2.0/-1", null],
    ["192.0.2.0/2e1", null],
    ["192.0.2", null],
    ["192.0.2.256", null],
    ["0x7f.0.0.1", null],
    ["fe80::1%eth0", null],
    ["[::1]", null],
    ["example.com", null],
    ["", null],
    ["/24", null],
  ];
  for (const [text, expected] of cases) assert.equal(parseNetwork(text), expected, text);
});

Deno.test("inRanges() finds addresses of both families, however they are spelled", () => {
  const ranges = ["192.0.2.0/24", "203.0.113.9/32", "2001:db8::/32", "fd00::1/128"];
  const cases: [address: string, expected: boolean][] = [
    ["192.0.2.0", true],
    ["192.0.2.255", true],
    ["192.0.3.0", false],
    ["203.0.113.9", true],
    ["203.0.113.8", false],
    ["::ffff:192.0.2.1", true],
    ["::ffff:c000:201", true],
    ["::ffff:c000:301", false],
    ["2001:db8:ffff::1", true],
    ["2001:0DB8::", true],
    ["2001:db9::1", false],
    ["fd00::1%eth0", true],
    ["fd00::2", false],
  ];
  for (const [address, expected] of cases) {
    assert.equal(inRanges(plainAddress(address), ranges), expected, address);
  }
  assert(inRanges("198.51.100.1", ["0.0.0.0/0"]) && !inRanges("::1", ["0.0.0.0/0"]));
  assert(inRanges("2001:db8::1", ["::/0"]) && !inRanges("1.2.3.4", ["::/0"]));
});

Deno.test("withinNetworks() holds a network in wider ones alone", () => {
  const others = ["192.0.2.0/24", "2001:db8::/32"];
  for (const network of ["192.0.2.0/24", "192.0.2.128/25", "192.0.2.1/32", "2001:db8:1::/48"]) {
    assert(withinNetworks(network, others), network);
  }
  for (const network of ["192.0.0.0/16", "192.0.3.0/24", "0.0.0.0/0", "2001::/16", "::/0"]) {
    assert(!withinNetworks(network, others), network);
  }
});
