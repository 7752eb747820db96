import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "@/test/support/texts";
import { canonicalIp, clientIp, networkOf } from "./ip";

describe("an address of one machine", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    [" 192.0.2.7 ", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
    ["0:0:0:0:0:ffff:c000:0207", "192.0.2.7"],
    ["[::ffff:192.0.2.7]", "192.0.2.7"],
    ["2001:db8::1", "2001:db8::1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8::0:1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["::1", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::", "::"],
    ["255.255.255.255", "255.255.255.255"],
    ["0.0.0.0", "0.0.0.0"],
  ])("has one spelling: %s is %s", (typed, canonical) => {
    expect(canonicalIp(typed)).toBe(canonical);
    expect(canonicalIp(canonical)).toBe(canonical);
  });

  it.each([
    undefined,
    "",
    " ",
    "unknown",
    "_hidden",
    "localhost",
    "example.com",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "192.0.2.07",
    "192.00.2.7",
    "192.0.2.256",
    "192.0.2.-1",
    "192.0.2",
    "192.0.2.7.8",
    "192.0.2.7.",
    ".192.0.2.7",
    "192.0.2.7:80",
    "[::1",
    "::1]",
    "192.0.2.7/24",
    "192.0.2.7%eth0",
    "192.0.2.7, 192.0.2.8",
    "192.0.2.7 192.0.2.8",
    "192.0.2.7\0",
    "\uff11.1.1.1",
    "\u0661.1.1.1",
    "[::1]:80",
    "::1::",
    "1::2::3",
    "2001:db8::g",
    "2001:db8",
    "2001:db8:1:2:3:4:5:6:7",
    "2001:db8::12345",
    "2001:db8::/32",
    "::ffff:127.1",
    "::ffff:192.0.2.256",
    "for=192.0.2.7",
    '"192.0.2.7"',
    "a".repeat(9_000),
  ])("is not a form that only some programs accept: %j", (typed) => {
    expect(canonicalIp(typed)).toBeNull();
  });

  it("as IPv4 inside IPv6 is not read as decimal where others read octal", () => {
    expect(canonicalIp("::ffff:0177.0.0.1")).toBeNull();
    expect(canonicalIp("::ffff:0x7f.0.0.1")).toBeNull();
  });

  it("does not depend on the interface", () => {
    expect(canonicalIp("fe80::1%eth0")).toBe("fe80::1");
  });

  it("parsed from any text is canonical or null, and never an exception", () => {
    const digits = fc.string({
      unit: fc.constantFrom(..."0123456789abcdefxX.:[]%/ "),
      maxLength: 45,
    });
    fc.assert(
      fc.property(fc.oneof(digits, fc.ipV4(), fc.ipV6(), anyText()), (text) => {
        const ip = canonicalIp(text);
        if (ip === null) return;
        expect(canonicalIp(ip)).toBe(ip);
        expect(networkOf(ip)).toBe(networkOf(canonicalIp(ip)));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the key that limits count by", () => {
  it("is one IPv4 address", () => {
    expect(networkOf("192.0.2.7")).toBe("192.0.2.7");
    expect(networkOf("192.0.2.8")).not.toBe(networkOf("192.0.2.7"));
  });

  it("is an IPv6 customer's whole /64, as a customer could use 2⁶⁴ addresses", () => {
    const home = networkOf("2001:db8:1:2::1");
    expect(home).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8:1:2:ffff:ffff:ffff:ffff")).toBe(home);
    expect(networkOf("2001:db8:1:3::1")).not.toBe(home);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 0xff_ff }), { minLength: 4, maxLength: 4 }),
        (tail) => {
          const host = tail.map((part) => part.toString(16)).join(":");
          expect(networkOf(canonicalIp(`2001:db8:1:2:${host}`))).toBe(home);
        },
      ),
    );
  });

  it("is one bucket for all clients whose address is unknown", () => {
    expect(networkOf(null)).toBe("unknown");
  });
});

describe("the client behind proxies", () => {
  it.each([
    ["no proxy", "10.0.0.1", "6.6.6.6", 0, "10.0.0.1"],
    ["one proxy", "10.0.0.1", "203.0.113.9", 1, "203.0.113.9"],
    ["one proxy and a spoofed entry", "10.0.0.1", "6.6.6.6,203.0.113.9", 1, "203.0.113.9"],
    ["two proxies", "10.0.0.1", "203.0.113.9, 10.0.0.2", 2, "203.0.113.9"],
    [
      "two proxies and spoofed entries",
      "10.0.0.1",
      "6.6.6.6, 7.7.7.7, 203.0.113.9, 10.0.0.2",
      2,
      "203.0.113.9",
    ],
    ["two proxies, one bypassed", "10.0.0.1", "203.0.113.9", 2, "10.0.0.1"],
    ["ten proxies, all bypassed", "10.0.0.1", "", 10, "10.0.0.1"],
    ["a proxy that hides the address", "10.0.0.1", "unknown", 1, "10.0.0.1"],
    ["one proxy that adds the port", "10.0.0.1", "203.0.113.9:4711", 1, "203.0.113.9"],
    ["one proxy that adds the port", "10.0.0.1", "[2001:db8::1]:4711", 1, "2001:db8::1"],
    ["one proxy that adds no port", "10.0.0.1", "2001:db8::1", 1, "2001:db8::1"],
    ["a proxy that breaks the bracket", "10.0.0.1", "[::1", 1, "10.0.0.1"],
    ["a proxy that adds a name and a port", "10.0.0.1", "host:4711", 1, "10.0.0.1"],
    ["a closed socket", undefined, "6.6.6.6", 0, null],
    ["a closed socket behind a proxy", undefined, "203.0.113.9", 1, "203.0.113.9"],
  ])("is, with %s, the one that the trusted proxies report", (_, peer, forwardedFor, hops, ip) => {
    expect(clientIp(peer, forwardedFor, hops)).toBe(ip);
  });

  it("cannot choose its address by what it writes on the left", () => {
    fc.assert(
      fc.property(anyText(), fc.integer({ min: 1, max: 5 }), (lies, hops) => {
        const proxies = Array.from({ length: hops - 1 }, (_, i) => `10.0.1.${i}`);
        const header = [lies, "203.0.113.9", ...proxies].join(", ");
        expect(clientIp("10.0.0.1", header, hops)).toBe("203.0.113.9");
      }),
    );
  });
});
