import { BlockList, isIP, isIPv4 } from "node:net";

// Built once for a list that never changes while the process runs.
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

/** IPv4 in IPv6's clothes (`::ffff:1.2.3.4`) as IPv4, and without a zone or brackets. */
function plain(address: string): string {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  return mapped ? mapped[1]! : bare;
}

function isTrusted(address: string, trusted: readonly string[]): boolean {
  return blockList(trusted).check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/**
 * The address of the client: the peer's, or, where the peer is a trusted proxy, the last one in
 * `X-Forwarded-For` that no trusted proxy has (what stands before it the client may have invented).
 *
 * @param peer The address at the other end of the connection; null where there is none.
 * @param trusted Addresses and CIDR ranges.
 * @returns An IP address, or null where none is known.
 */
export function clientAddress(
  request: Request,
  peer: string | null,
  trusted: readonly string[],
): string | null {
  let address = peer === null ? null : plain(peer);
  if (address === null || !isIP(address)) return null;
  if (!trusted.length || !isTrusted(address, trusted)) return address;
  const forwarded = (request.headers.get("x-forwarded-for") ?? "").split(",");
  for (const hop of forwarded.reverse()) {
    const candidate = plain(hop.trim());
    if (!isIP(candidate)) break;
    address = candidate;
    if (!isTrusted(candidate, trusted)) break;
  }
  return address;
}

function ipv6Groups(address: string): string[] {
  // The URL parser turns every spelling (RFC 4291, section 2.2) into the canonical one of RFC 5952.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill("0"), ...right];
}

/** The network that an address lies in: `192.0.2.0/24`, `2001:db8:1::/48`. */
export function truncateAddress(address: string): string {
  if (isIPv4(address)) return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
  return `${ipv6Groups(address).slice(0, 3).join(":")}::/48`;
}

/** The client's network as `RequestScope` carries it; null where the address is unknown. */
export function networkOf(
  request: Request,
  peer: string | null,
  services: { readonly trustedProxies: readonly string[] },
): string | null {
  const address = clientAddress(request, peer, services.trustedProxies);
  return address === null ? null : truncateAddress(address);
}

/**
 * Tells whether a request came to the outermost proxy without TLS: a trusted proxy says so in
 * `X-Forwarded-Proto`. What anybody else says of that is not heard.
 */
export function cameInTheClear(
  request: Request,
  peer: string | null,
  { trustedProxies }: { readonly trustedProxies: readonly string[] },
): boolean {
  const told = request.headers.get("x-forwarded-proto");
  if (told === null || peer === null || !trustedProxies.length) return false;
  const address = plain(peer);
  if (!isIP(address) || !isTrusted(address, trustedProxies)) return false;
  return told.split(",").some((scheme) => scheme.trim().toLowerCase() !== "https");
}
