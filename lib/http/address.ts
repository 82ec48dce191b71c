import { isIP, isIPv4 } from "node:net";
import { inRanges, ipv6Groups, plainAddress } from "./ranges.ts";

/** Where a request comes from. */
export interface Client {
  /** The client's IP address: to be judged, never kept. Null where none is known. */
  readonly address: string | null;
  /** The network that it lies in, as it may be kept: IPv4 /24, IPv6 /48. */
  readonly network: string | null;
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
  let address = peer === null ? null : plainAddress(peer);
  if (address === null || !isIP(address)) return null;
  if (!trusted.length || !inRanges(address, trusted)) return address;
  const forwarded = (request.headers.get("x-forwarded-for") ?? "").split(",");
  for (const hop of forwarded.reverse()) {
    const candidate = plainAddress(hop.trim());
    if (!isIP(candidate)) break;
    address = candidate;
    if (!inRanges(candidate, trusted)) break;
  }
  return address;
}

/** The network that an address lies in: `192.0.2.0/24`, `2001:db8:1::/48`. */
export function truncateAddress(address: string): string {
  if (isIPv4(address)) return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
  const groups = ipv6Groups(address).slice(0, 3).map((group) => group.toString(16));
  return `${groups.join(":")}::/48`;
}

// A peer that is no proxy is its own client, whatever it sends. It asks again and again.
const PEERS = new Map<string, Client>();
const MAX_PEERS = 10_000;

/** Where a request comes from, through the proxies that are trusted. */
export function clientOf(
  request: Request,
  peer: string | null,
  { trustedProxies }: { readonly trustedProxies: readonly string[] },
): Client {
  const known = trustedProxies.length || peer === null ? undefined : PEERS.get(peer);
  if (known) return known;
  const address = clientAddress(request, peer, trustedProxies);
  const client = { address, network: address === null ? null : truncateAddress(address) };
  if (peer !== null && !trustedProxies.length) {
    if (PEERS.size >= MAX_PEERS) PEERS.clear();
    PEERS.set(peer, client);
  }
  return client;
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
  const address = plainAddress(peer);
  if (!isIP(address) || !inRanges(address, trustedProxies)) return false;
  return told.split(",").some((scheme) => scheme.trim().toLowerCase() !== "https");
}
