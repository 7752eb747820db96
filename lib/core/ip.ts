import ipaddr from "ipaddr.js";

/** Each request reads its address twice; parsing it again took 3 % of a session check. */
let last: { readonly text: string | undefined; readonly ip: string | null } = {
  text: undefined,
  ip: null,
};

/** An IP address in canonical form; null for any other text. An IPv4-mapped IPv6 address becomes IPv4. */
export function canonicalIp(text: string | undefined): string | null {
  if (text === last.text) return last.ip;
  const ip = readIp(text);
  last = { text, ip };
  return ip;
}

function readIp(text: string | undefined): string | null {
  const bare = text?.trim().replace(/^\[(.*)\]$/, "$1") ?? "";
  // Refuses the short forms of `inet_aton` ("127.1", octal) and ports. Removes the zone, which names
  // an interface of this machine and not the client.
  const address = bare.replace(/%.*$/, "");
  const dotted = address.slice(address.lastIndexOf(":") + 1);
  const plain = ipaddr.IPv4.isValidFourPartDecimal(dotted);
  // The same for the dotted end of an IPv6 address: parsers disagree on octal and hexadecimal parts.
  const isOne = bare.includes(":")
    ? ipaddr.IPv6.isValid(address) && (plain || !dotted.includes("."))
    : plain && address === bare;
  if (!isOne) return null;
  return ipaddr.process(address).toString();
}

/** The key of an IP in limits: IPv4 itself; of IPv6 the /64 network, which one customer has (R2). */
export function networkOf(ip: string | null): string {
  if (!ip) return "unknown";
  const address = ipaddr.parse(ip);
  return address.kind() === "ipv4"
    ? ip
    : `${ipaddr.IPv6.networkAddressFromCIDR(`${ip}/64`).toString()}/64`;
}

/**
 * The client's IP: the socket's peer, or, behind `trustedHops` proxies, the address that the outermost
 * of them has seen. The client can forge entries further left. With fewer entries than hops the
 * request has bypassed a proxy, and the result is the peer.
 */
export function clientIp(
  peer: string | undefined,
  forwardedFor: string,
  trustedHops: number,
): string | null {
  const entries = forwardedFor.split(",").map((entry) => entry.trim());
  const seen = [...entries.filter(Boolean), peer ?? ""];
  return canonicalIp(withoutPort(seen.at(-1 - trustedHops))) ?? canonicalIp(peer);
}

/** Some balancers write the client's port, too: "192.0.2.7:4711", "[2001:db8::1]:4711". */
const withoutPort = (entry: string | undefined) =>
  entry?.replace(/^(\[[^\]]*\]|[^:]*):\d{1,5}$/, "$1");
