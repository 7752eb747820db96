import { describe, expect, it } from "vitest";
import { random } from "@/lib/core/crypto";
import { withoutAddedText } from "./token-url";

const token = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLM_0A";

describe.each([
  "/l/",
  "/l/reset/",
  "/l/confirm/",
  "/l/undo/",
  "/l/restore/",
  "/l/report/",
  "/l/setup/",
  "/l/access/",
  "/l/email/",
  "/l/stop/",
])("a link of %s", (folder) => {
  it.each([
    ".",
    ",",
    ")",
    ").",
    ">",
    "%3E",
    "%22",
    '"',
    "'",
    "*",
    "**",
    "_",
    "__",
    "]",
    ";",
    "!",
    "/",
    "%20",
    "%C2%A0",
    "%E2%80%8B",
    "%E2%80%9D",
    "%0D%0A",
    "%",
    "%2",
    "%C2",
    "%3Futm_source=mail",
    "&amp;utm_source=mail",
    "%20and%20more",
    "%3Cbr%3E",
  ])("is the same with %s at its end", (added) => {
    expect(withoutAddedText(`${folder}${token}${added}`)).toBe(folder + token);
    expect(withoutAddedText(`${folder}${token}${added}?a=b`)).toBe(`${folder}${token}?a=b`);
  });

  it.each(["%3C", "%20", "<"])("is the same with %s before its token", (added) => {
    expect(withoutAddedText(folder + added + token)).toBe(folder + token);
  });

  it.each(["%0A", "%20", "%0D%0A%20%20", "%C2%AD", "%E2%80%8B"])(
    "is the same when a line break left %s within it",
    (added) => {
      expect(withoutAddedText(folder + token.slice(0, 20) + added + token.slice(20))).toBe(
        folder + token,
      );
    },
  );

  it.each([token, `${token}A`, `${token}-A`, token.slice(0, -1), token.toUpperCase(), "abc", ""])(
    "keeps what may be another token: %s",
    (other) => {
      expect(withoutAddedText(folder + other)).toBe(folder + other);
      expect(withoutAddedText(`${folder}${other}?a=b%`)).toBe(`${folder}${other}?a=b%`);
    },
  );

  it("that was cut and has a broken encoding still has a page", () => {
    expect(withoutAddedText(`${folder}abc%`)).toBe(`${folder}abc`);
    expect(withoutAddedText(`${folder}%C2?x`)).toBe(`${folder}?x`);
  });
});

it("leaves every token as it is", () => {
  for (let n = 0; n < 2_000; n += 1) {
    const path = `/l/${random.token()}`;
    expect(withoutAddedText(path)).toBe(path);
    expect(withoutAddedText(`${path}_`)).toBe(path);
  }
});

it.each(["/", "/l", "/l?x", "/login/a%", "/sign-in?next=/l/abc%", `/x/l/${token}.`])(
  "leaves other URLs as they are: %s",
  (url) => {
    expect(withoutAddedText(url)).toBe(url);
  },
);
