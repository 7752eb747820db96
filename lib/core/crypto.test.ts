import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "@/test/support/texts";
import {
  constantTimeEqual,
  random,
  digest,
  isToken,
  keyedHash,
  unseal,
  seal,
  type TokenUse,
} from "./crypto";

const current = Buffer.alloc(32, 1).toString("base64url");
const previous = Buffer.alloc(32, 2).toString("base64url");
const stranger = Buffer.alloc(32, 3).toString("base64url");
const token = random.token();

describe("a token", () => {
  it("is 32 random bytes that fit in a path and a cookie, never twice the same", () => {
    const tokens = Array.from({ length: 1_000 }, () => random.token());
    expect(new Set(tokens).size).toBe(1_000);
    for (const one of tokens) {
      expect(one).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(Buffer.from(one, "base64url")).toHaveLength(32);
      expect(isToken(one)).toBe(true);
    }
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["an empty text", ""],
    ["a number", 0],
    ["true", true],
    ["an empty list", []],
    ["a list with the token", [token]],
    ["an object that reads as the token", { toString: () => token }],
    ["a boxed token", new String(token)],
    ["a token without its first character", token.slice(1)],
    ["a token without its last character", token.slice(0, -1)],
    ["a token with one more character", `${token}A`],
    ["a token twice", token + token],
    ["a token with a line end", `${token}\n`],
    ["a token with blanks", ` ${token} `],
    ["a token with padding", `${token}=`],
    ["a token of the other base64", `${token.slice(0, 42)}+`],
    ["a token with a null byte", `${token.slice(0, 42)}\0`],
    ["a token in full-width characters", token.replace(/./, "\uff21")],
    ["a digest in hexadecimal", "0f".repeat(32)],
  ])("is not %s", (_, value) => expect(isToken(value)).toBe(false));

  it("is another token in another case: its digest differs", () => {
    for (const other of [token.toLowerCase(), token.toUpperCase()])
      if (other !== token) expect(digest("session", other)).not.toBe(digest("session", token));
  });

  it("for one purpose does not match another purpose", () => {
    const uses: TokenUse[] = ["session", "magic_link", "requesting_browser", "device"];
    const digests = uses.map((use) => digest(use, token));
    expect(new Set(digests).size).toBe(uses.length);
    for (const one of digests) expect(one).not.toContain(token);
  });

  it("has the same digest tomorrow and on the next server", () => {
    expect(digest("session", "A".repeat(43))).toBe("601xcWNx5HTn0lDwKSjPAzgueNFHel_JeIchrHsBecQ");
  });
});

describe("a code", () => {
  it("has six digits, leading zeros included", () => {
    const codes = Array.from({ length: 5_000 }, () => random.code());
    for (const code of codes) expect(code).toMatch(/^\d{6}$/);
    // One in ten begins with a zero; the chance that none of 5,000 does is 10⁻²²⁸.
    expect(codes.some((code) => code.startsWith("0"))).toBe(true);
    expect(new Set(codes).size).toBeGreaterThan(4_900);
  });
});

describe("a keyed hash", () => {
  it("differs with another key, purpose or text", () => {
    const hashes = [
      keyedHash(current, "code", "123456"),
      keyedHash(previous, "code", "123456"),
      keyedHash(current, "limit", "123456"),
      keyedHash(current, "code", "123457"),
      keyedHash(current, "code", ""),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(keyedHash(current, "code", "123456")).toBe(hashes[0]);
  });

  it("is equal to itself alone", () => {
    const hash = keyedHash(current, "code", "123456");
    expect(constantTimeEqual(hash, hash)).toBe(true);
    for (const other of ["", hash.slice(1), `${hash}A`, keyedHash(current, "code", "654321")])
      expect(constantTimeEqual(hash, other)).toBe(false);
  });
});

describe("a sealed text", () => {
  it("can be opened with the key that sealed it, whatever it contains", () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(unseal([current], seal([current], text))).toBe(text);
      }),
    );
  });

  it("sealed before a key rotation can be opened after it", () => {
    const sealed = seal([previous], "482193");
    expect(unseal([current, previous], sealed)).toBe("482193");
  });

  it("is sealed with the current key, never with the previous one", () => {
    const sealed = seal([current, previous], "482193");
    expect(unseal([current], sealed)).toBe("482193");
    expect(() => unseal([previous], sealed)).toThrow();
  });

  it("cannot be opened with another key", () => {
    expect(() => unseal([stranger], seal([current], "482193"))).toThrow();
    expect(() => unseal([stranger, previous], seal([current], "482193"))).toThrow();
  });

  it("looks different each time and shows nothing of the text", () => {
    const sealed = Array.from({ length: 500 }, () => seal([current], "ada@example.com"));
    expect(new Set(sealed).size).toBe(500);
    expect(new Set(sealed.map((text) => text.slice(0, 16))).size).toBe(500);
    for (const text of sealed)
      expect(Buffer.from(text, "base64url").toString("latin1")).not.toContain("ada");
  });

  it("with any one bit changed cannot be opened", () => {
    const bytes = Buffer.from(seal([current, previous], "482193"), "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const turned = Buffer.from(bytes);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unseal([current, previous], turned.toString("base64url"))).toThrow();
    }
  });

  it("cut or extended anywhere cannot be opened", () => {
    const bytes = Buffer.from(seal([current], "482193"), "base64url");
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => unseal([current], bytes.subarray(0, length).toString("base64url"))).toThrow();
    const longer = Buffer.concat([bytes, Buffer.from("x")]);
    expect(() => unseal([current], longer.toString("base64url"))).toThrow();
  });

  it("of an empty text cannot be opened with a shortened tag, which could be guessed", () => {
    const bytes = Buffer.from(seal([current], ""), "base64url");
    const opened = Array.from({ length: bytes.length }, (_, length) => length).filter((length) => {
      try {
        unseal([current], bytes.subarray(0, length).toString("base64url"));
        return true;
      } catch {
        return false;
      }
    });
    expect(opened).toEqual([]);
  });

  it.each(["", "x", "not sealed", "\0", "é".repeat(50), "A".repeat(9_000)])(
    "cannot be opened when it was never sealed: %j",
    (text) => expect(() => unseal([current, previous], text)).toThrow(),
  );

  it("that cannot be opened gives an error without the text and the keys", () => {
    const sealed = seal([stranger], "482193");
    for (const secret of [sealed, current, previous, "482193"])
      expect(() => unseal([current, previous], sealed)).not.toThrow(secret);
  });
});
