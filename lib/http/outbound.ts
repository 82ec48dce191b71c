import { lookup as systemLookup } from "node:dns/promises";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { BlockList, isIP, isIPv4, type LookupFunction } from "node:net";
import { AppError } from "../errors.ts";

/** Where a request that a stranger caused may go. */
export interface OutboundPolicy {
  /** Whether an address may be connected to; asked of each address that a name resolves to. */
  allows(address: string): boolean;
  /** The addresses of a host name. Asked once a request: what is checked is what is connected to. */
  resolve(host: string): Promise<readonly string[]>;
  /** Whether `http:` is accepted besides `https:`. */
  readonly allowsPlain: boolean;
  /** Certificates to trust instead of the system's, in PEM. */
  readonly ca?: string;
}

/** What a request may cost us. */
export interface OutboundLimits {
  readonly maxBytes: number;
  /** Milliseconds, from the look-up of the name to the last byte. */
  readonly timeoutMs: number;
}

/** An answer, read whole. */
export interface OutboundAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

// The IANA special-purpose registries: whatever is not plainly on the public internet.
const SPECIAL_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
// Of IPv6 only global unicast is public, and of that not what holds IPv4 addresses (Teredo, 6to4),
// documentation and protocol assignments. All else (mapped, NAT64, unique local, …) lies outside.
const GLOBAL_IPV6 = "2000::/3";
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

function ranges(list: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const block = new BlockList();
  for (const range of list) {
    const [address, prefix] = range.split("/");
    block.addSubnet(address!, Number(prefix), family);
  }
  return block;
}

/** Tells whether an address is on the public internet, and not on anybody's own network. */
export function isPublicAddress(address: string): boolean {
  if (!isIP(address)) return false;
  if (isIPv4(address)) return !ranges(SPECIAL_IPV4, "ipv4").check(address, "ipv4");
  return ranges([GLOBAL_IPV6], "ipv6").check(address, "ipv6") &&
    !ranges(SPECIAL_IPV6, "ipv6").check(address, "ipv6");
}

/** The public internet, over https. */
export const PUBLIC_ONLY: OutboundPolicy = {
  allows: isPublicAddress,
  resolve: async (host) => (await systemLookup(host, { all: true })).map(({ address }) => address),
  allowsPlain: false,
};

const refused = (detail: string, cause?: unknown) =>
  new AppError("INVALID_REQUEST", detail, { cause });

/** The addresses of a URL's host, all of them allowed. */
async function allowedAddresses(url: URL, policy: OutboundPolicy): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) ? [host] : await policy.resolve(host).catch((cause) => {
    throw refused("The address cannot be found.", cause);
  });
  // One that is not allowed spoils all: a name that points to both is up to no good.
  if (!addresses.length || !addresses.every((address) => policy.allows(address))) {
    throw refused("The address is not on the public internet.");
  }
  return addresses;
}

async function readAll(message: IncomingMessage, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(message.headers["content-length"] ?? 0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const tooLarge = () => refused(`The answer has more than ${limit} bytes.`);
  if (declared > limit) throw tooLarge();
  for await (const chunk of message) {
    length += chunk.length;
    if (length > limit) throw tooLarge();
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/**
 * GETs a URL that a stranger named. The name is resolved once, its addresses are checked, and the
 * connection goes to one of those: `fetch` would resolve again, and could be led elsewhere. Redirects
 * are not followed.
 *
 * @throws AppError INVALID_REQUEST where the policy or a limit refuses, or nothing answers.
 */
export async function getForeign(
  url: URL,
  policy: OutboundPolicy,
  limits: OutboundLimits,
): Promise<OutboundAnswer> {
  const plain = url.protocol === "http:" && policy.allowsPlain;
  if (!plain && url.protocol !== "https:") throw refused("The address must be https.");
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(refused("The answer took too long."));
    abort.abort();
  }, limits.timeoutMs);
  try {
    return await Promise.race([late.promise, get(url, policy, limits, plain, abort.signal)]);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refused("Nothing usable answers at the address.", error);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

async function get(
  url: URL,
  policy: OutboundPolicy,
  limits: OutboundLimits,
  plain: boolean,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const addresses = await allowedAddresses(url, policy);
  signal.throwIfAborted();
  const pinned: LookupFunction = (_host, options, callback) => {
    const found = addresses.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
    if (options.all) callback(null, found);
    else callback(null, found[0]!.address, found[0]!.family);
  };
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (plain ? plainRequest : tlsRequest)(url, {
      lookup: pinned,
      // A connection of its own: one that was pinned for another request is none for this.
      agent: false,
      signal,
      headers: { accept: "application/json", "accept-encoding": "identity" },
      ...(policy.ca ? { ca: policy.ca } : {}),
    });
    request.once("response", resolve).once("error", reject).end();
  });
  try {
    const headers = new Headers();
    for (const [name, value] of Object.entries(message.headers)) {
      if (value !== undefined) headers.set(name, String(value));
    }
    const body = await readAll(message, limits.maxBytes);
    return { status: message.statusCode ?? 0, headers, body };
  } finally {
    message.destroy();
  }
}
