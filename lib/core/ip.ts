import ipaddr from "ipaddr.js";

/** An IP address in its one canonical spelling; null for anything else. IPv4 in IPv6 is IPv4. */
export function canonicalIp(text: string | undefined): string | null {
  const bare = text?.trim().replace(/^\[|\]$/g, "") ?? "";
  // Only the full forms: what `inet_aton` also reads ("127.1", octal, a port behind) is no address here.
  // A zone says which interface saw it, not who it is.
  const address = bare.replace(/%.*$/, "");
  const dotted = address.slice(address.lastIndexOf(":") + 1);
  const plain = ipaddr.IPv4.isValidFourPartDecimal(dotted);
  // Also as IPv6's tail: octal and hexadecimal parts are read in two ways.
  const isOne = bare.includes(":")
    ? ipaddr.IPv6.isValid(address) && (plain || !dotted.includes("."))
    : plain && address === bare;
  if (!isOne) return null;
  return ipaddr.process(address).toString();
}

/** What limits count an IP by: itself, or an IPv6's /64, which is what one customer has (R2). */
export function networkOf(ip: string | null): string {
  if (!ip) return "unknown";
  const address = ipaddr.parse(ip);
  return address.kind() === "ipv4"
    ? ip
    : `${ipaddr.IPv6.networkAddressFromCIDR(`${ip}/64`).toString()}/64`;
}

/**
 * The client's IP: the socket's own peer, or with trusted proxies the address the outermost of them
 * saw. Entries further left were written by the client and are not looked at; with fewer entries
 * than hops somebody came past the proxies, and the peer is what we know.
 */
export function clientIp(
  peer: string | undefined,
  forwardedFor: string,
  trustedHops: number,
): string | null {
  const seen = [...forwardedFor.split(",").filter(Boolean), peer ?? ""];
  return canonicalIp(seen.at(-1 - trustedHops)) ?? canonicalIp(peer);
}
