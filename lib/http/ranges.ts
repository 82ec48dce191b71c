import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** The eight groups of an IPv6 address. */
export function ipv6Groups(address: string): number[] {
  // The URL parser turns every spelling (RFC 4291, section 2.2) into the canonical one of RFC 5952.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill("0"), ...right].map((group) => parseInt(group, 16));
}

/** RFC 4291, section 2.5.5.2: `::ffff:0:0/96`. */
const isMapped = (groups: readonly number[]) =>
  groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

/** IPv4 in IPv6's clothes (`::ffff:1.2.3.4`) as IPv4, and without a zone or brackets. */
export function plainAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  if (!isIPv6(bare) || !/^[0:]*:ffff:/i.test(bare)) return bare;
  const groups = ipv6Groups(bare);
  if (!isMapped(groups)) return bare;
  return groups.slice(6).flatMap((group) => [group >> 8, group & 255]).join(".");
}

/** An address as its bytes. */
function bytesOf(address: string): number[] {
  return isIPv4(address)
    ? address.split(".").map(Number)
    : ipv6Groups(address).flatMap((group) => [group >> 8, group & 255]);
}

/** Bytes as the address that they are, in its canonical spelling. */
function spelled(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = bytes.flatMap((byte, index) => index % 2 ? [(bytes[index - 1]! << 8) | byte] : []);
  const text = groups.map((group) => group.toString(16)).join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/**
 * A network in its one spelling, `192.0.2.0/24` or `2001:db8::/32`: what a person types as an address or
 * in CIDR notation (RFC 4632), bits behind the prefix cleared, IPv4 in IPv6's clothes undressed. Null
 * where it is none.
 */
export function parseNetwork(text: string): string | null {
  const [typed = "", length, ...rest] = text.trim().split("/");
  const family = isIP(typed);
  if (!family || typed.includes("%") || rest.length) return null;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return null;
  const address = plainAddress(typed);
  const bits = BITS[isIP(address)]!;
  // Of a mapped address, the 96 bits before it are the same for all.
  const prefix = length === undefined ? bits : Number(length) - (BITS[family]! - bits);
  if (prefix < 0 || prefix > bits) return null;
  const kept = bytesOf(address).map((byte, index) =>
    byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8)))
  );
  return `${spelled(kept)}/${prefix}`;
}

// Built once for a list that never changes.
const compiled = new WeakMap<readonly string[], BlockList>();

function blockList(ranges: readonly string[]): BlockList {
  let list = compiled.get(ranges);
  if (!list) {
    list = new BlockList();
    for (const range of ranges) {
      const [address = "", prefix] = range.split("/");
      const family = isIPv4(address) ? "ipv4" : "ipv6";
      if (prefix === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(prefix), family);
    }
    compiled.set(ranges, list);
  }
  return list;
}

/** Tells whether an address, as `plainAddress` answers it, lies in one of the ranges. */
export function inRanges(address: string, ranges: readonly string[]): boolean {
  return blockList(ranges).check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/** Tells whether a network, as `parseNetwork` answers it, lies whole in one of others. */
export function withinNetworks(network: string, others: readonly string[]): boolean {
  const [address = "", prefix] = network.split("/");
  return others.some((other) =>
    Number(other.split("/")[1]) <= Number(prefix) && inRanges(address, [other])
  );
}
